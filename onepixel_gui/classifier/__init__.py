"""Networks in: every checkpoint becomes a Classifier."""
