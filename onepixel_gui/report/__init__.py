"""Results as sentences and figures."""
