"""History through the same step: importers, log files, runs and their reports."""
