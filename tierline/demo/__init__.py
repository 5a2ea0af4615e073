"""The demo: a year of real baskets through two workers, with servers of its own where none are named."""
