"""Journals as a worker would write them, from steps as tests write them."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from replay.from_journal import Against, Installation, JournalReport, replay_journal
from replay.run import Run
from replay.write import OutputFiles
from schemas.instants import Instant
from schemas.journal import ModelAdoption, ProgramChange, Records, SingleStep, Start, Tick, compress, encode_entry
from schemas.program import Program
from schemas.record import LogRecord
from schemas.snapshot import encode_snapshot
from schemas.topics import INPUTS, JOURNAL
from state.customer import encode_state
from state.ledger import encode_entry as encode_ledger_entry
from state.meta import PartitionMeta, encode_meta
from state.outputs import Output
from state.score import model_of
from state.store import Loaded, Wanted
from tests.folding import value_bytes
from tests.snapshots import random_snapshot

Json = dict[str, object]


@dataclass
class Worked:
    """What a partition looks like after its worker took all steps."""

    run: Run
    inputs: dict[str, list[LogRecord]] = field(default_factory=lambda: defaultdict(list))
    entries: list[bytes] = field(default_factory=list)
    snapshots: dict[int, bytes] = field(default_factory=dict)
    outputs: list[list[Output]] = field(default_factory=list)
    """Of each entry, what its transaction published."""

    @property
    def published(self) -> list[Output]:
        """Return all outputs in order."""
        return [output for outputs in self.outputs for output in outputs]


def worked(
    program: Json, steps: Sequence[Json], *, seed: int = 0, started_at: int | None = None, commit_share: float = 0.2
) -> Worked:
    """Return a partition that took the steps in commits of random size; erasures catch nothing unpublished."""
    rng = random.Random(seed)
    done = Worked(Run(meta=PartitionMeta()))
    start = Start(started_at, dict.fromkeys(INPUTS, 0), {}, Program.model_validate(program).canonical_json())
    done.run.take_step(start)
    taken: list[SingleStep] = [start]
    for step in steps:
        taken += _take(done, step)
        if rng.random() < commit_share:
            taken = _commit(done, taken)
    _commit(done, taken)
    return done


def record_of(record: Mapping[str, object], offset: int) -> LogRecord:
    """Return a record of a log file as Kafka would hold it; a missing key means the customer_id."""
    value = record["value"]
    key = record.get("key", value.get("customer_id") if isinstance(value, dict) else None)
    encoded = None if key is None else str(key).encode()
    return LogRecord(str(record["topic"]), 0, offset, int(str(record["timestamp"])), encoded, value_bytes(value), ())


class FakeLog:
    """A `PartitionLog` in memory. `kept_from` says where a topic begins, as after retention."""

    def __init__(self, done: Worked, topics: Mapping[str, Sequence[LogRecord]] | None = None) -> None:
        self.records: dict[str, list[LogRecord]] = {topic: list(records) for topic, records in done.inputs.items()}
        self.records[JOURNAL] = [_journal_record(number, value) for number, value in enumerate(done.entries)]
        self.records |= {topic: list(records) for topic, records in (topics or {}).items()}
        self.kept_from: dict[str, int] = {}
        self.snapshots = dict(done.snapshots)
        self.later: list[dict[str, list[LogRecord]]] = []
        """What each pause brings: whole topics anew."""
        self._next: dict[str, int] = {}

    async def read(self, topic: str, offset: int = 0) -> AsyncIterator[LogRecord]:
        for record in list(self.records.get(topic, [])):
            if record.offset >= max(offset, self.kept_from.get(topic, 0)):
                yield record

    async def seek(self, topic: str, offset: int) -> None:
        self._next[topic] = offset

    async def take(self, topic: str, count: int) -> Sequence[LogRecord]:
        found = [one for one in self.records.get(topic, []) if one.offset >= self._next[topic]][: min(count, 7)]
        if found:
            self._next[topic] = found[-1].offset + 1
        return found

    async def snapshot(self, version: int) -> bytes | None:
        return self.snapshots.get(version)

    async def first_offset(self, topic: str) -> int:
        return self.kept_from.get(topic, 0)


class FakeStore:
    """What Redis holds of one partition, taken from a run; `metas` are what the next looks at its meta find."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.metas: list[bytes] = []

    async def meta(self, partition: int) -> bytes | None:
        return self.metas.pop(0) if self.metas else encode_meta(self.run.meta)

    async def customers(self, partition: int, after: int = 0, limit: int = 500) -> list[str]:
        return list(self.run.customers.states)[after : after + limit]

    async def load(self, partition: int, wanted: Wanted) -> Loaded:
        states = {one: self.run.customers.state(one) for one in wanted.states}
        blobs = {one: None if state is None else encode_state(state) for one, state in states.items()}
        erased = {one: self.run.customers.erased_at(one) for one, state in states.items() if state is None}
        return Loaded(blobs, {}, erased)

    async def load_ledger(self, partition: int, customer_id: str) -> dict[str, bytes]:
        entries = self.run.customers.ledger(customer_id).entries
        return {name: encode_ledger_entry(entry) for name, entry in entries.items() if entry is not None}

    async def due(self, partition: int, until_at: Instant, limit: int) -> list[tuple[Instant, str]]:
        moments = ((self.run.due_of(one), one) for one in self.run.customers.states)
        return sorted((at, one) for at, one in moments if at is not None and at <= until_at)[:limit]


def replayed(log: FakeLog, folder: Path, against: Against | None = None) -> JournalReport:
    """Replay along the journal of one partition."""

    @asynccontextmanager
    async def open_log(_: int) -> AsyncIterator[FakeLog]:
        yield log

    async def pause() -> None:
        log.records |= log.later.pop(0) if log.later else {}

    async def run() -> JournalReport:
        with OutputFiles(folder) as files:
            return await replay_journal(Installation(open_log, lambda _: 0, pause), [0], files, against or Against())

    return asyncio.run(run())


def _take(done: Worked, step: Json) -> list[SingleStep]:
    record, program = step.get("record"), step.get("program")
    if isinstance(record, dict):
        topic = str(record["topic"])
        taken = record_of(record, len(done.inputs[topic]))
        done.inputs[topic].append(taken)
        done.run.take_record(taken)
        return [Records(topic)]
    at = int(str(step["at"]))
    if "model" in step:
        return [_adopt(done, at, int(str(step["model"])))]
    if isinstance(program, dict):
        change = ProgramChange(at, Program.model_validate(program).canonical_json())
        done.run.take_step(change)
        done.run.take_step(Tick(at))
        return [change, Tick(at)]
    upto = step.get("upto")
    tick = Tick(at, None if upto is None else str(upto))
    done.run.take_step(tick)
    return [tick]


def _adopt(done: Worked, at: int, version: int) -> ModelAdoption:
    """Adopt a snapshot that its version is the seed of; the sweep is a later step's."""
    adoption, snapshot = ModelAdoption(version, at), random_snapshot(random.Random(version))
    done.snapshots[version] = encode_snapshot(snapshot)
    done.run.adopt(adoption, model_of(version, snapshot))
    return adoption


def _commit(done: Worked, taken: list[SingleStep]) -> list[SingleStep]:
    if taken:
        first_step = done.run.meta.step - len(taken) + 1
        done.entries.append(encode_entry(compress(first_step, taken, done.run.meta.offsets)))
        done.outputs.append(done.run.outputs)
        done.run.outputs = []
    return []


def _journal_record(number: int, value: bytes) -> LogRecord:
    return LogRecord(JOURNAL, 0, number * 2, 0, None, value, ())
