"""Pages. Each module with a blueprint called `bp` is found by itself."""
