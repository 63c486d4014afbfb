"""From bytes to RGB: the one decoder, resizing and content hashes."""
