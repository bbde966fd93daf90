"""Rule sets: the draft that people edit, and how a version of it comes to price carts."""
