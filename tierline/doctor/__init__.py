"""`tierline doctor`: looks at everything a worker needs, and says what to do."""
