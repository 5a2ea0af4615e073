"""What you run: settings, wiring, worker, API and command line. The only code that reads env, argv and the clock."""

__version__ = "0.1.0"
"""As in pyproject.toml; the image runs from a checkout, where no installed metadata says it."""
