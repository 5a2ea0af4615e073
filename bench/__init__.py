"""The benchmark: Tierline's worker beside what the same machine could do at most (`python -m bench`)."""
