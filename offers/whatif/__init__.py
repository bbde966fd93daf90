"""What a rule set would have made of receipts of the past. The baskets are held fixed: nobody buys more or less."""
