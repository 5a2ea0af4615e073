"""What you run: settings, wiring, worker, API and command line. The only code that reads env, argv and the clock."""
