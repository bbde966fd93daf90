"""What shops, tills and journeys use of the pricing rules: rule sets, codes, certificates, redemptions."""
