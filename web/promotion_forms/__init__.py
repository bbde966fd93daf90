"""Promotions as forms: fields from the contract's types, read back into documents, faults beside the fields."""
