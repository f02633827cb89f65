"""The search: NumPy over a Probe."""
