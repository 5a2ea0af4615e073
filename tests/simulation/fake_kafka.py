"""Kafka's ports on lists: two input topics, a journal, outputs, transactions and fencing."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from schemas.instants import Instant
from schemas.record import LogRecord
from schemas.topics import INPUTS
from state.outputs import Output
from state.score import Model
from streams.ports import JournalTail, LostClaimError, Publication

FRESH_FOR_US = 2_000_000
Pause = Callable[[str], Awaitable[None]]


@dataclass(slots=True)
class FakeKafka:
    """The cluster: what every worker shares. One partition of each topic."""

    inputs: dict[str, list[LogRecord]] = field(default_factory=lambda: {topic: [] for topic in INPUTS})
    journal: list[tuple[int, bytes]] = field(default_factory=list)
    journal_end: int = 0
    outputs: list[Output] = field(default_factory=list)
    producer: int = 0
    models: dict[int, Model] = field(default_factory=dict)

    def append(self, publications: Sequence[Publication]) -> int:
        """Commit one transaction; a marker follows its last entry. Return the offset after that entry."""
        for publication in publications:
            self.journal.append((self.journal_end, publication.journal))
            self.journal_end += 1
            self.outputs += publication.outputs
        after_last = self.journal_end
        self.journal_end += 1
        return after_last


class FakeInputs:
    """Implements `InputLog` for one worker: a fetch brings some of what is there, or nothing."""

    def __init__(self, kafka: FakeKafka, pause: Pause, random: Random, wall_now: Callable[[], Instant]) -> None:
        self._kafka, self._pause, self._random, self._wall_now = kafka, pause, random, wall_now
        self._position = dict.fromkeys(INPUTS, 0)
        self._reading = 0
        self._caught_up_at: dict[str, Instant | None] = dict.fromkeys(INPUTS)
        self.is_calm = False

    def begin(self, partition: int, offsets: Mapping[str, int]) -> int:
        """Let the next fetches begin there."""
        self._position |= offsets
        self._caught_up_at = dict.fromkeys(offsets)
        self._reading += 1
        return self._reading

    async def fetch(self, partition: int, topic: str, limit: int, reading: int) -> Sequence[LogRecord]:
        """Return a few records."""
        await self._pause("fetch")
        if reading != self._reading:
            raise LostClaimError("read anew")
        position, log = self._position[topic], self._kafka.inputs[topic]
        few = limit if self.is_calm else min(limit, self._random.randrange(5))
        records = log[position : position + few]
        self._position[topic] += len(records)
        self._caught_up_at[topic] = self._wall_now() if self._position[topic] == len(log) else None
        return records

    async def wait(self, partition: int, timeout_ms: int, limit: int) -> None:
        """Wait for nothing."""
        await self._pause("wait")

    def caught_up_at(self, partition: int, topic: str) -> Instant | None:
        """Return when a fetch showed the end."""
        at = self._caught_up_at[topic]
        return at if at is not None and self._wall_now() - at < FRESH_FOR_US else None

    async def topic_ids(self) -> dict[str, str]:
        """Return ids that never change."""
        await self._pause("topic ids")
        return {topic: f"id of {topic}" for topic in INPUTS}

    async def first_offsets(self, partition: int) -> dict[str, int]:
        """Return the beginning."""
        return dict.fromkeys(INPUTS, 0)


class FakeOutputs:
    """Implements `OutputLog` for one worker."""

    def __init__(self, kafka: FakeKafka, pause: Pause) -> None:
        self._kafka, self._pause = kafka, pause
        self._producer = 0

    async def start(self, partition: int) -> None:
        """Fence older producers."""
        await self._pause("start producer")
        self._kafka.producer += 1
        self._producer = self._kafka.producer
        await self._pause("producer started")

    async def read_journal(self, partition: int, offset: int) -> JournalTail:
        """Return the tail."""
        await self._pause("read journal")
        entries = [known for known in self._kafka.journal if known[0] >= offset]
        return JournalTail(entries, self._kafka.journal_end)

    async def publish(self, partition: int, publications: Sequence[Publication]) -> int:
        """Commit one transaction, unless fenced."""
        mine = self._producer
        await self._pause("publish")
        if mine != self._kafka.producer:
            raise LostClaimError("fenced")
        journal_at = self._kafka.append(publications)
        await self._pause("published")
        return journal_at


class FakeModels:
    """Implements `PublishedModels` for one worker, which hears of new versions sooner or later."""

    def __init__(self, kafka: FakeKafka, pause: Pause, random: Random) -> None:
        self._kafka, self._pause, self._random = kafka, pause, random
        self._heard = -1

    def newest(self) -> int:
        """Return the newest version heard of."""
        if self._random.random() < 0.5:
            self._heard = max(self._kafka.models, default=-1)
        return self._heard

    async def load(self, version: int) -> Model:
        """Return the model."""
        await self._pause("load model")
        return self._kafka.models[version]
