"""The campaign view: what to attack, how far it is, and every run as it comes."""
