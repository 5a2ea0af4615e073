"""How a fold with the oracle's interface is driven from records and steps as tests write them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from types import EllipsisType
from typing import Protocol

from tests.oracle import order_by_rules

Json = dict[str, object]


class Fold(Protocol):
    """What the oracle offers, and what an adapter of the product must offer to meet the same scenarios."""

    changes: list[Json]
    nudges: list[Json]
    suppressions: list[Json]
    dead_letters: list[Json]

    @property
    def counts(self) -> Counter[str]:
        """How many records met each fate so far."""

    def record(
        self,
        topic: str,
        timestamp_ms: int,
        value: bytes | None,
        key: bytes | EllipsisType | None = ...,
        offset: int = 0,
    ) -> None:
        """Take one record."""

    def tick(self, at: int, upto: str | None = None) -> None:
        """Run due moments."""

    def change_program(self, at: int, program: Mapping[str, object], program_version: str) -> None:
        """Adopt a higher version."""

    def adopt(self, at: int, version: int, snapshot: Mapping[str, object]) -> None:
        """Adopt a higher version of the model; it reaches customers when they are due."""

    def finish(self, until: int | None = None) -> None:
        """Run time to the end of the log."""

    def states(self, as_of: int) -> dict[str, Json]:
        """Return the read models."""


def value_bytes(value: object) -> bytes | None:
    """Return the bytes of a record's value as log files hold it: an object, raw text, or null."""
    if value is None:
        return None
    return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)).encode()


def take(fold: Fold, record: Mapping[str, object], offset: int) -> None:
    """Give one record of a log file to a fold; a missing key means the customer_id."""
    key: bytes | EllipsisType | None = ...
    if "key" in record:
        key = None if record["key"] is None else str(record["key"]).encode()
    fold.record(str(record["topic"]), int(str(record["timestamp"])), value_bytes(record["value"]), key, offset)


def fold_log(fold: Fold, records: Iterable[Mapping[str, object]], until: int | None = None) -> None:
    """Fold a log file by the rules of "Two clocks", then let time run to its end."""
    offsets: Counter[str] = Counter()
    for record in order_by_rules(records):
        topic = str(record["topic"])
        take(fold, record, offsets[topic])
        offsets[topic] += 1
    fold.finish(until)


def fold_steps(fold: Fold, steps: Iterable[Mapping[str, object]]) -> list[dict[str, Json]]:
    """Take steps in their order, as a journal would have them; nothing runs after the last one.

    Returns the read models after each tick that decided everything up to an instant that no step had reached before.
    """
    offsets: Counter[str] = Counter()
    seen: list[dict[str, Json]] = []
    reached = 0
    for step in steps:
        record, program, snapshot = step.get("record"), step.get("program"), step.get("snapshot")
        at = int(str(step.get("at", 0)))
        if isinstance(record, Mapping):
            topic = str(record["topic"])
            take(fold, record, offsets[topic])
            offsets[topic] += 1
            reached = max(reached, int(str(record["timestamp"])) * 1000)
        elif isinstance(program, Mapping):
            fold.change_program(at, program, f"v{program.get('version', 1)}")
            reached = max(reached, at)
        elif isinstance(snapshot, Mapping):
            fold.adopt(at, int(str(step["version"])), snapshot)
        else:
            upto = step.get("upto")
            fold.tick(at, None if upto is None else str(upto))
            if upto is None and at >= reached:
                seen.append(fold.states(at))
            reached = max(reached, at)
    return seen
