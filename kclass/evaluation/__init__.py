"""How good is it? Metrics and their intervals, over arrays."""
