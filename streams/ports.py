"""What the engine asks of Kafka, of time and of its caller; the store's port is in `state.store`.

The engine awaits nothing but these ports, so that a simulation can drive it by hand, step by step.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from schemas.instants import Instant
from schemas.record import LogRecord
from state.outputs import Output
from state.score import Model
from state.store import Store

if TYPE_CHECKING:
    from streams.tracing import PartitionTracing


class StreamsError(Exception):
    """Base of what this layer raises."""


class LostClaimError(StreamsError):
    """Someone else may own the partition now, or the outcome of a write is unknown.

    Reaction: drop everything at hand; claim again if the partition is still assigned.
    """


class LogUnavailableError(StreamsError):
    """Kafka did not answer in time.

    Reaction: wait a little, then claim again.
    """


class StopError(StreamsError):
    """Going on could only do harm.

    Operator action: as the message says; the worker stops with it.
    """


@dataclass(frozen=True, slots=True)
class Publication:
    """One outbox entry on its way to Kafka: the journal entry and the outputs of its steps, one transaction."""

    journal: bytes
    outputs: Sequence[Output]


@dataclass(frozen=True, slots=True)
class JournalTail:
    """What the journal holds from an offset on; `end` is where it ends now."""

    entries: list[tuple[int, bytes]]
    end: int


class InputLog(Protocol):
    """The input topics of the partitions that this worker reads."""

    def begin(self, partition: int, offsets: Mapping[str, int]) -> int:
        """Let the next fetch of each topic begin at its offset; return the number of this reading of the partition."""

    async def fetch(self, partition: int, topic: str, limit: int, reading: int) -> Sequence[LogRecord]:
        """Return up to ``limit`` next records at hand, possibly none; raises StopError where they are gone.

        Raises LostClaimError where a later reading began: what a forgotten reader took, the later one would miss.
        """

    async def wait(self, partition: int, timeout_ms: int, limit: int) -> None:
        """Return as soon as something is at hand, or after the timeout."""

    def caught_up_at(self, partition: int, topic: str) -> Instant | None:
        """Return when the last fetch showed that nothing follows what was returned; None where something does.

        Wall-clock time; None too when that fetch is over two seconds old.
        """

    async def topic_ids(self) -> dict[str, str]:
        """Return the id of each input topic: a topic made anew has another."""

    async def first_offsets(self, partition: int) -> dict[str, int]:
        """Return where each topic begins, or where the operator said a first start begins.

        Raises StopError where a topic does not begin at 0 and nobody said so.
        """


class OutputLog(Protocol):
    """The output topics and the journal; raises LostClaimError when fenced or when an outcome is unknown."""

    async def start(self, partition: int) -> None:
        """Fence every older producer of this partition and end its open transaction."""

    async def read_journal(self, partition: int, offset: int) -> JournalTail:
        """Return the committed entries from ``offset`` to the end; raises StopError where the journal is shorter."""

    async def publish(self, partition: int, publications: Sequence[Publication]) -> int:
        """Send everything in one transaction; return the journal offset after its last entry."""


class PublishedModels(Protocol):
    """The snapshots that the trainer published; a version is an offset."""

    def newest(self) -> int:
        """Return the newest version to adopt: one that can be read and is not behind a freeze; -1 where none is."""

    async def load(self, version: int) -> Model:
        """Return the model of this version. Raises LogUnavailableError, and StopError where it is gone."""


class Gate(Protocol):
    """Mutual exclusion between ingest and relay of one partition: `async with gate:`."""

    async def __aenter__(self) -> None: ...

    async def __aexit__(self, *error: object) -> None: ...


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything the engine reaches the world by."""

    store: Store
    inputs: InputLog
    outputs: OutputLog
    models: PublishedModels
    new_gate: Callable[[], AbstractAsyncContextManager[object]]
    new_token: Callable[[], str]
    wall_now: Callable[[], Instant]
    new_tracing: "Callable[[int], PartitionTracing] | None" = None
    """Makes what the claim of a partition traces; None where tracing is off."""
