"""What many runs say together: rates, colours, places, periods, with intervals and nulls."""
