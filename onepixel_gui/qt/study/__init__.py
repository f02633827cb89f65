"""The study in the window: which one is open, what is recorded in it, and what it brings back."""
