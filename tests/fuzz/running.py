"""Runs worlds until so many records were seen."""

from __future__ import annotations

import random
import resource
from collections.abc import Iterator

from tests.fuzz.checking import Totals, check_world

RECORDS_A_WORLD = 200


def run(seed: int, records: int) -> Iterator[Totals]:
    """Check worlds of a seed one after the other, yielding the totals after each. Raises AssertionError."""
    totals, rng = Totals(), random.Random(seed)
    while totals.records < records:
        world = rng.getrandbits(32)
        try:
            check_world(world, RECORDS_A_WORLD, totals)
        except Exception as error:
            error.add_note(f"world {world}: python -m tests.fuzz --world {world}")
            raise
        yield totals


def resident_kib() -> int:
    """Return the memory that this process holds now, in KiB."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize() // 1024
