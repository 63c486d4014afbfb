"""The table of samples, where it comes from and how it is split."""
