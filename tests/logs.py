"""Seeded random logs, adversarial but plausible: every record here could have come from a shop on a bad day.

``python -m tests.logs --stats`` prints how often each outcome occurs in the oracle's fold of 300 of them.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Mapping

from tests import log_programs
from tests.builders import Json
from tests.log_customer import CustomerLog
from tests.oracle_rules import DAY_US, HOUR_US, SECOND_US

CUSTOMERS = ("c-1", "c-2", "kündin 3", "c|4")


def random_log(
    seed: int, *, length: int = 45, program_hint: Mapping[str, object] | None = None
) -> tuple[Json, list[Json]]:
    """Return a program and the records of a log file; ``program_hint`` replaces keys of the program."""
    rng = random.Random(seed)
    program = log_programs.random_program(rng) | dict(program_hint or {})
    customers = CUSTOMERS[: rng.choice((1, 1, 2, 3, 4))]
    timed = [
        entry for name in customers for entry in CustomerLog(rng, program, name).entries(length // len(customers) + 4)
    ]
    timed.sort(key=lambda entry: entry[0])
    return program, [record for _, record in timed]


def random_steps(seed: int, *, length: int = 45) -> tuple[Json, list[Json]]:
    """Return a program and steps {"step": "record" | "tick" | "program", ...}: a log with ticks and adoptions."""
    program, records = random_log(seed, length=length)
    rng = random.Random(f"steps {seed}")
    steps: list[Json] = []
    current, clock = program, 0
    for record in records:
        timestamp = int(str(record["timestamp"])) * 1000
        clock = max(clock, timestamp)
        steps.append({"step": "record", "record": record})
        if rng.random() < 0.25:
            at = clock + rng.choice((-60 * SECOND_US, 0, HOUR_US, 3 * DAY_US))
            upto = rng.choice((None, None, f"{rng.getrandbits(64):016x}"))
            steps.append({"step": "tick", "at": at, "upto": upto})
        if rng.random() < 0.03:
            current = log_programs.changed_program(rng, current)
            steps.append({"step": "program", "at": clock + rng.choice((0, 0, SECOND_US, DAY_US)), "program": current})
    return program, steps


def main(arguments: list[str]) -> int:
    """Print the statistics of the logs."""
    from tests.log_stats import statistics

    parser = argparse.ArgumentParser(prog="python -m tests.logs", description=__doc__)
    parser.add_argument("--stats", action="store_true", required=True, help="fold the logs and count each outcome")
    parser.add_argument("--logs", type=int, default=300, metavar="N", help="how many seeds (300)")
    counts = statistics(range(parser.parse_args(arguments).logs))
    sys.stdout.writelines(f"{name:45} {count:7}\n" for name, count in sorted(counts.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
