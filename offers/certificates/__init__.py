"""Gift certificates: prepaid value that an order paid for, spent in parts, with a ledger that always adds up."""
