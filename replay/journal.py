"""Along the journal: the steps of one partition, repeated exactly as they were taken."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from replay.errors import HistoryGoneError, TornJournalError, UnreplayableStepError
from replay.run import Run
from schemas.instants import Instant
from schemas.journal import (
    JournalEntry,
    ModelAdoption,
    Records,
    Start,
    Step,
    Tick,
    UnreadableJournalError,
    decode_entry,
)
from schemas.record import LogRecord
from schemas.snapshot import NewerModelError, UnreadableModelError, decode_snapshot
from schemas.topics import JOURNAL, MODELS
from state.score import Model, model_of


class PartitionLog(Protocol):
    """One partition of the installation's topics, committed records only."""

    def read(self, topic: str, offset: int = 0) -> AsyncIterator[LogRecord]:
        """Yield the records from ``offset``, or where the topic begins if that is later, to where it ends now."""

    async def seek(self, topic: str, offset: int) -> None:
        """Let the next `take` of this input topic begin there."""

    async def take(self, topic: str, count: int) -> Sequence[LogRecord]:
        """Return the next records, between one and ``count``; none only where the topic ends."""

    async def snapshot(self, version: int) -> bytes | None:
        """Return the model snapshot of this version, None where the models topic does not hold it."""

    async def first_offset(self, topic: str) -> int:
        """Return where the topic begins now."""


class JournalRun:
    """Follows the journal of one partition; `follow` may be called again as it grows."""

    def __init__(self, partition: int, log: PartitionLog, run: Run) -> None:
        self.run = run
        self.ended_at: Instant = 0
        """The latest moment that a record or a tick has reached."""
        self._partition = partition
        self._log = log
        self._next_journal_offset = 0

    async def follow(self) -> int:
        """Repeat every step from where the last call ended to the journal's end; return how many.

        Raises what `replay.errors` names.
        """
        before = self.run.meta.step
        async for record in self._log.read(JOURNAL, self._next_journal_offset):
            await self._repeat(record.offset, self._decoded(record.offset, record.value or b""))
            self._next_journal_offset = record.offset + 1
        if not self.run.meta.step:
            await self._require_untouched()
        return self.run.meta.step - before

    async def _require_untouched(self) -> None:
        first = await self._log.first_offset(JOURNAL)
        if first > 0:
            raise HistoryGoneError(
                f"{JOURNAL}, partition {self._partition}, is empty but begins at offset {first}: retention or somebody "
                "removed it. Replay from a log file that was kept; the journal needs retention.ms=-1"
            )

    async def _repeat(self, offset: int, entry: JournalEntry) -> None:
        self._require_next(offset, entry)
        for step in entry.steps:
            await self._take(offset, step)
        self.ended_at = max(self.ended_at, self.run.meta.clock_at)
        self._require_arrival(offset, entry.next_offsets)

    async def _take(self, offset: int, step: Step) -> None:
        if isinstance(step, Records):
            await self._take_records(offset, step)
        elif isinstance(step, ModelAdoption):
            self.run.adopt(step, await self._model(offset, step.version))
        else:
            if isinstance(step, Start):
                await self._begin(step)
            self.run.take_step(step)
            self.ended_at = max(self.ended_at, step.at if isinstance(step, Tick) else 0)

    async def _model(self, offset: int, version: int) -> Model:
        blob = await self._log.snapshot(version)
        if blob is None:
            raise HistoryGoneError(
                f"{self._place(offset)} adopts model {version}, but {MODELS} does not hold it: retention or somebody "
                "removed it. The topic needs retention.ms=-1; replay from a log file that was kept (without segments)"
            )
        try:
            return model_of(version, decode_snapshot(blob))
        except NewerModelError as error:
            raise UnreplayableStepError(f"{self._place(offset)} adopts model {version}: {error}") from error
        except UnreadableModelError as error:
            raise TornJournalError(f"{self._place(offset)} adopts model {version}: {error}") from error

    async def _take_records(self, offset: int, step: Records) -> None:
        left = step.count
        while left:
            records = await self._log.take(step.topic, left)
            if not records:
                raise HistoryGoneError(
                    f"{step.topic}, partition {self._partition}, ends at offset {self.run.meta.offsets.get(step.topic)}"
                    f", but {self._place(offset)} took {left} more records. The topic was made anew or cut; restore "
                    "it, or replay from a log file"
                )
            for record in records:
                self.run.take_record(record)
            left -= len(records)

    async def _begin(self, start: Start) -> None:
        for topic, first in start.offsets.items():
            kept_from = await self._log.first_offset(topic)
            if kept_from > first:
                raise HistoryGoneError(
                    f"{topic}, partition {self._partition}, begins at offset {kept_from} now, but the journal starts "
                    f"at {first}: retention removed what is between. Replay from a log file that was kept, and set "
                    "retention.ms=-1 on the inputs for the next time"
                )
            await self._log.seek(topic, first)

    def _decoded(self, offset: int, value: bytes) -> JournalEntry:
        try:
            return decode_entry(value)
        except UnreadableJournalError as error:
            raise TornJournalError(
                f"{self._place(offset)} cannot be read: {error}. A newer Tierline wrote it (replay with that one), or "
                "somebody else writes to this topic"
            ) from error

    def _require_next(self, offset: int, entry: JournalEntry) -> None:
        expected = self.run.meta.step + 1
        if entry.first_step == expected:
            return
        if expected == 1:
            raise HistoryGoneError(
                f"{self._place(offset)} begins with step {entry.first_step}: retention or somebody removed the first "
                "steps. Replay from a log file that was kept; the journal needs retention.ms=-1"
            )
        raise TornJournalError(
            f"{self._place(offset)} begins with step {entry.first_step}, but step {expected} should follow. Entries "
            "were removed by hand or two installations share one topic: give each its own TIERLINE_TOPIC_PREFIX"
        )

    def _require_arrival(self, offset: int, next_offsets: Mapping[str, int]) -> None:
        for topic, expected in next_offsets.items():
            found = self.run.meta.offsets.get(topic)
            if found != expected:
                raise TornJournalError(
                    f"{self._place(offset)} ends before offset {expected} of {topic}, partition {self._partition}, but "
                    f"the replay arrived at {found}: the topic was made anew or records were removed from its middle. "
                    "Restore it, or replay from a log file"
                )

    def _place(self, offset: int) -> str:
        return f"the entry at {JOURNAL}, partition {self._partition}, offset {offset}"
