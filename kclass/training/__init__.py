"""Solving and training heads and networks."""
