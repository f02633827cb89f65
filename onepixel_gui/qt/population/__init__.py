"""The population view: many runs of one group in linked panes."""
