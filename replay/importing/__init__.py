"""A shop's own orders, row by row, to events of our contracts, or to the reason why not."""
