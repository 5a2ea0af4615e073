"""The read side: the HTTP API over what the workers keep in Redis."""
