"""The journal: what a partition did, in which order, so that a replay along it is exact.

An entry is one commit. Its steps are run-length: ``["retail.orders.v1", 120]`` | ``["tick", instant, hash or null]`` |
``["start", {...}]`` | ``["program", {...}]`` | ``["model", version, instant]``; all but a run of records are one step
each.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

import msgspec

from schemas.instants import Instant, format_instant, parse_instant


class Records(msgspec.Struct):
    """``count`` records of one input topic, in offset order; whoever makes a run may lengthen it."""

    topic: str
    count: int = 1


class Tick(msgspec.Struct, frozen=True):
    """Time reached ``at``: every customer's due moments before it, and those at it whose id's hash is <= ``upto``.

    ``upto`` is 16 hex digits of the id's SHA-256; None means all.
    """

    at: Instant
    upto: str | None = None


class Start(msgspec.Struct, frozen=True):
    """The first step of a partition. ``at`` is None on a log that has no wall clock."""

    at: Instant | None
    offsets: dict[str, int]
    """The first offset to take, per input topic."""
    topic_ids: dict[str, str]
    program_json: str
    """The canonical JSON of the program in force."""


class ProgramChange(msgspec.Struct, frozen=True):
    """From ``at`` on another program is in force; ``program_json`` is its canonical JSON."""

    at: Instant
    program_json: str


class ModelAdoption(msgspec.Struct, frozen=True):
    """From ``at`` on another model snapshot is in force; its version is its offset in the models topic."""

    version: int
    at: Instant


Step: TypeAlias = Records | Tick | Start | ProgramChange | ModelAdoption
SingleStep: TypeAlias = Step
"""A step with ``count == 1`` where it is a ``Records``."""


class JournalEntry(msgspec.Struct, frozen=True):
    """What one commit did. ``next_offsets`` are the offsets to take next, per input topic, after its last step."""

    first_step: int
    steps: tuple[Step, ...]
    next_offsets: dict[str, int]

    @property
    def next_step(self) -> int:
        """Return the number of the step after this entry's last."""
        return self.first_step + sum(s.count if isinstance(s, Records) else 1 for s in self.steps)


class UnreadableJournalError(ValueError):
    """A value in the journal topic is not a journal entry we can read.

    Operator action: a newer Tierline wrote it; run that version, or `tierline rebuild` into a new name.
    """


def compress(first_step: int, steps: Iterable[Step], next_offsets: Mapping[str, int] | None = None) -> JournalEntry:
    """Return the entry of ``steps``; neighbouring records of one topic become one run, ticks stay apart."""
    runs: list[Step] = []
    for step in steps:
        last = runs[-1] if runs else None
        if isinstance(step, Records) and isinstance(last, Records) and last.topic == step.topic:
            runs[-1] = Records(step.topic, last.count + step.count)
        elif not isinstance(step, Records) or step.count > 0:
            runs.append(step)
    return JournalEntry(first_step, tuple(runs), dict(next_offsets or {}))


def expand(entry: JournalEntry) -> Iterator[tuple[int, SingleStep]]:
    """Yield every single step of ``entry`` with its number."""
    number = entry.first_step
    for step in entry.steps:
        count = step.count if isinstance(step, Records) else 1
        single = Records(step.topic) if isinstance(step, Records) else step
        for _ in range(count):
            yield number, single
            number += 1


def encode_entry(entry: JournalEntry) -> bytes:
    """Return the entry as compact JSON."""
    wire = _WireEntry(entry.first_step, [_to_wire(step) for step in entry.steps], entry.next_offsets)
    return _ENCODER.encode(wire)


def decode_entry(value: bytes) -> JournalEntry:
    """Return the entry that ``value`` holds; raises UnreadableJournalError."""
    try:
        wire = _DECODER.decode(value)
        return JournalEntry(wire.first_step, tuple(_from_wire(step) for step in wire.steps), wire.next_offsets)
    except (ValueError, msgspec.MsgspecError) as error:
        raise UnreadableJournalError(f"not a journal entry: {error}") from error


class _WireEntry(msgspec.Struct):
    first_step: int
    steps: list[list[msgspec.Raw]]
    next_offsets: dict[str, int]


class _WireStart(msgspec.Struct):
    at: str | None
    offsets: dict[str, int]
    topic_ids: dict[str, str]
    program: msgspec.Raw


class _WireChange(msgspec.Struct):
    at: str
    program: msgspec.Raw


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_WireEntry)


def _to_wire(step: Step) -> list[msgspec.Raw]:
    if isinstance(step, Records):
        return [_raw(step.topic), _raw(step.count)]
    if isinstance(step, Tick):
        return [_raw("tick"), _raw(format_instant(step.at)), _raw(step.upto)]
    if isinstance(step, Start):
        at = None if step.at is None else format_instant(step.at)
        start = _WireStart(at, step.offsets, step.topic_ids, msgspec.Raw(step.program_json.encode()))
        return [_raw("start"), _raw(start)]
    if isinstance(step, ProgramChange):
        change = _WireChange(format_instant(step.at), msgspec.Raw(step.program_json.encode()))
        return [_raw("program"), _raw(change)]
    return [_raw("model"), _raw(step.version), _raw(format_instant(step.at))]


def _from_wire(parts: list[msgspec.Raw]) -> Step:
    if len(parts) < 2:
        raise ValueError("a step has a name and at least one value")
    name, body = msgspec.json.decode(parts[0], type=str), parts[1]
    if name == "tick":
        upto = msgspec.json.decode(parts[2], type=str | None) if len(parts) > 2 else None
        return Tick(parse_instant(msgspec.json.decode(body, type=str)), upto)
    if name == "start":
        start = msgspec.json.decode(body, type=_WireStart)
        at = None if start.at is None else parse_instant(start.at)
        return Start(at, start.offsets, start.topic_ids, bytes(start.program).decode())
    if name == "program":
        change = msgspec.json.decode(body, type=_WireChange)
        return ProgramChange(parse_instant(change.at), bytes(change.program).decode())
    if name == "model":
        adopted_at = parse_instant(msgspec.json.decode(parts[2], type=str)) if len(parts) > 2 else 0
        return ModelAdoption(msgspec.json.decode(body, type=int), adopted_at)
    return Records(name, msgspec.json.decode(body, type=int))


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(_ENCODER.encode(value))
