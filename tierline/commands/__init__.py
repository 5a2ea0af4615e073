"""One module a command: reads its arguments, calls what does the work, prints the result."""
