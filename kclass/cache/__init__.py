"""What was computed from photos, remembered between runs by what the photos hold."""
