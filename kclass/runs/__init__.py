"""A fit from photos to a folder of results."""
