"""The contracts: events in, events out, the rules file and the read model. No behaviour, no I/O."""
