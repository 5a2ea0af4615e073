"""What we know of one customer, and what follows from it: pure, plus one Redis repository."""
