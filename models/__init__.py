"""What is learnt across customers, handed to the state as published snapshots. Pure."""
