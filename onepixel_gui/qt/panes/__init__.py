"""One class per file; each draws what it is handed and wishes for the rest."""
