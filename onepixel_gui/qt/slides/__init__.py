"""Whole slides: opened, read, drawn, scanned."""
