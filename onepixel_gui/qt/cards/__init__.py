"""The card of a classifier, edited with a live check."""
