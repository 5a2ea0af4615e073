"""`python -m tests.simulation --schedules 10000`, `--seed N` to replay one, `--ablations` for T2."""

# ruff: noqa: T201

import argparse
import sys
import time

from tests.simulation.faults import Faults
from tests.simulation.running import ABLATIONS, STORMY, first_failure, run_many, run_one


def main() -> int:
    """Return 1 where a schedule failed, or where the engine did well without a guard."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--schedules", type=int, default=10_000)
    parser.add_argument("--from-seed", type=int, default=0)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--ablations", action="store_true")
    parser.add_argument("--faults", choices=["usual", "stormy", "failback"], default="usual")
    options = parser.parse_args()
    faults = {"usual": Faults(), "stormy": STORMY, "failback": Faults(failback=0.01)}[options.faults]
    if options.seed is not None:
        _, found = run_one(options.seed, faults=faults)
        print(f"seed {options.seed}: {found or 'holds'}")
        return int(bool(found))
    seeds = range(options.from_seed, options.from_seed + options.schedules)
    return _ablate(seeds) if options.ablations else _run(seeds, faults)


def _run(seeds: range, faults: Faults) -> int:
    began_at = time.monotonic()
    totals = run_many(seeds, faults)
    print(f"{totals.schedules} schedules in {time.monotonic() - began_at:.1f} s, {len(totals.failed)} failed")
    print(f"{totals.steps} steps, {totals.repeated} repeated, {totals.outputs} outputs published")
    print(f"{totals.adoptions} adoptions, {totals.claims_in_sweeps} claims in the middle of an adoption's sweep")
    print(f"{totals.claims} claims, {totals.refused} refused writes, {totals.rebuilds} rebuilds")
    for seed, found in list(totals.failed.items())[:20]:
        print(f"seed {seed}: {found}")
    return int(bool(totals.failed))


def _ablate(seeds: range) -> int:
    missing = 0
    for guard in ABLATIONS:
        failure = first_failure(guard, seeds)
        missing += failure is None
        print(f"without {guard}: " + (f"seed {failure[0]}: {failure[1]}" if failure else "NOTHING FAILED"), flush=True)
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
