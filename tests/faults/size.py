"""How much of a fault test is run: a part in CI, everything with `make faults` (FAULTS_SIZE=full)."""

import os
from typing import Final, TypeVar

import pytest

FULL: Final = "full"
SIZES: Final = ("ci", FULL)
SIZE: Final = os.environ.get("FAULTS_SIZE", "ci")

SEED: Final = int(os.environ.get("FAULTS_SEED", "61"))
"""Of what T15 makes up; the times at which its faults hit are the machine's."""

Amount = TypeVar("Amount", int, float)


def at_size(ci: Amount, full: Amount) -> Amount:
    """Return the amount of the size that runs; ValueError for a size that there is not."""
    if SIZE not in SIZES:
        raise ValueError(f"FAULTS_SIZE is {SIZE!r}: set it to one of {', '.join(SIZES)}, or leave it out for ci")
    return full if SIZE == FULL else ci


only_full: Final = pytest.mark.skipif(SIZE != FULL, reason="make faults runs it")
"""For what CI has no time for."""
