"""What products cost in the past, as the law asks: the lowest price of the thirty days before a reduction."""
