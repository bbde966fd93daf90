"""Who is in: a rule tree and its meaning, nothing else."""
