"""What customers are worth: RFM classes, the formulas of lifetime value and a fitted forecast. Values in and out."""
