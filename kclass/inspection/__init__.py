"""What one look at each photo tells: its properties, its fingerprint, and which photos are nearly the same."""
