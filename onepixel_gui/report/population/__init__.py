"""What many runs say together: figures, captions, sentences and a table of every number."""
