"""What a run found, for people: the page, and runs side by side."""
