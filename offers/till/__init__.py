"""Tills without a network: what they are given, how they price with it, and how their receipts are taken up."""
