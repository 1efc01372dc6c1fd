"""What goes out: cards, coverage-information, the orders given back."""
