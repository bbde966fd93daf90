"""What an order uses of promotions and codes: reserved, confirmed, released, returned."""
