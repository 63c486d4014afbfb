"""Turns a folder of photos into an image classifier that its owner can trust."""
