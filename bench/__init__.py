"""Side-by-side measurements: every claim of speed is a ratio from one run of a program in here."""
