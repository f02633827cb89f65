"""Pictures in: every format becomes a frozen Tile."""
