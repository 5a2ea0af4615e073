"""`python -m tests.fuzz --records 1000000 --seed 7`; `--world N` to look at one world again."""

# ruff: noqa: T201

import argparse
import sys
import time

from tests.fuzz.checking import Totals, check_world
from tests.fuzz.running import RECORDS_A_WORLD, resident_kib, run


def main() -> int:
    """Return 0; what does not hold is an AssertionError that says with which world."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--world", type=int)
    options = parser.parse_args()
    totals, began_at, shown = Totals(), time.monotonic(), 0
    if options.world is not None:
        check_world(options.world, RECORDS_A_WORLD, totals)
        print("it holds")
        return 0
    for totals in run(options.seed, options.records):
        if totals.records - shown >= 20_000:
            shown = totals.records
            took = time.monotonic() - began_at
            print(f"{totals.records:,} records, {took:.0f} s, {resident_kib():,} KiB", flush=True)
    print(f"seed {options.seed}: {totals.records:,} records in {totals.worlds:,} worlds, {totals.valid:,} good")
    print(f"fates {dict(totals.fates)}, {totals.outputs:,} outputs")
    print(f"dead letters {dict(totals.reasons.most_common())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
