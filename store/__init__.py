"""Tables, queries, transactions and migrations; the only room that speaks SQL."""
