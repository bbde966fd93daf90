"""Promo codes: how they are drawn and written, batches of them, why one works or not, and what becomes of it."""
