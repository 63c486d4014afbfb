"""What one look at each photo tells: its properties, its fingerprint, and which are nearly the same."""
