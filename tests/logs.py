"""Seeded random logs, adversarial but plausible: every record here could have come from a shop on a bad day.

``python -m tests.logs --stats`` prints how often each outcome occurs in the oracle's fold of 300 of them.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Mapping

from tests import log_models, log_programs
from tests.builders import Json
from tests.log_customer import CustomerLog
from tests.oracle_rules import DAY_US, HOUR_US, SECOND_US, Rules, day_of, start_of

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


def random_steps_with_models(seed: int, *, length: int = 45) -> tuple[Json, list[Json]]:
    """Return steps with {"step": "model", ...} among them; nothing is adopted before the last adoption is swept."""
    program, records = random_log(seed, length=length)
    return program, StepsWithModels(random.Random(f"models {seed}"), program).steps_of(records)


class StepsWithModels:
    """Puts ticks and adoptions of models and programs between the records of a log."""

    def __init__(self, rng: random.Random, program: Json) -> None:
        self.rng = rng
        self.program = program
        self.snapshot: Json | None = None
        self.version = -1
        self.clock = 0
        self.swept_at: int | None = None
        """The instant that a tick has to pass before something else is adopted."""
        self.ticks = rng.choice((0.1, 0.25, 0.5))
        self.steps: list[Json] = []

    def steps_of(self, records: list[Json]) -> list[Json]:
        """Return the steps."""
        for record in records:
            self.clock = max(self.clock, int(str(record["timestamp"])) * 1000)
            self.steps.append({"step": "record", "record": record})
            if self.rng.random() < self.ticks:
                self._tick()
            if self.swept_at is None and self.rng.random() < 0.15:
                self._adopt()
            elif self.swept_at is None and self.rng.random() < 0.04:
                self._change_program()
        return self.steps

    def _tick(self) -> None:
        at = self.clock + self.rng.choice((-60 * SECOND_US, 0, HOUR_US, 3 * DAY_US))
        if self.swept_at is not None and self.rng.random() < 0.3:
            at = self.swept_at
        upto = self.rng.choice((None, None, f"{self.rng.getrandbits(64):016x}"))
        self.steps.append({"step": "tick", "at": at, "upto": upto})
        if self.swept_at is not None and (at > self.swept_at or (at == self.swept_at and upto is None)):
            self.swept_at = None

    def _adopt(self) -> None:
        rng = self.rng
        self.swept_at = self.clock + rng.choice((0, 0, 0, -60 * SECOND_US, SECOND_US, HOUR_US, DAY_US, 4 * DAY_US))
        if rng.random() < 0.25:
            # Most of what time does is due when a day starts.
            zone = Rules(self.program, "0").zone
            self.swept_at = start_of(day_of(self.clock, zone) + rng.choice((1, 1, 2, 5)), zone)
        self.version += rng.choice((1, 1, 2, 7))
        if self.snapshot is None or rng.random() < 0.9:
            self.snapshot = log_models.random_snapshot(rng, self.program, self.snapshot)
        step: Json = {"step": "model", "at": self.swept_at, "version": self.version, "snapshot": self.snapshot}
        self.steps.append(step)

    def _change_program(self) -> None:
        self.program = log_programs.changed_program(self.rng, self.program)
        if self.rng.random() < 0.5:
            self.program = log_programs.renamed_program(self.rng, self.program)
        at = self.clock + self.rng.choice((0, 0, SECOND_US, DAY_US))
        self.steps.append({"step": "program", "at": at, "program": self.program})


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
