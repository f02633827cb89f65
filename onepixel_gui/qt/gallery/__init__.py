"""The list of tiles: fetched, filtered, sorted, drawn."""
