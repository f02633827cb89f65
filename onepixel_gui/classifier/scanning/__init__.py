"""How a scan is done: where tiles lie, how they are read and asked, and which become candidates."""
