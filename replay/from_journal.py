"""`tierline replay` without a log: every partition along its journal, from Kafka alone, and beside what is live."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Final

from replay.against_live import LiveStore, compare_with_store, live_step
from replay.against_topics import Emitted
from replay.differences import Difference
from replay.journal import JournalRun, PartitionLog
from replay.run import Run, Sink
from replay.summary import Summary
from replay.withheld import Withheld, last_erasures
from replay.write import OutputFiles
from schemas.record import LogRecord
from schemas.topics import CONSENTS
from state.meta import PartitionMeta
from state.outputs import Output

ROUNDS_MAX: Final = 60
"""How often a replay looks again whether it has caught up with a live installation; with a pause between."""


@dataclass(frozen=True)
class Installation:
    """Where to read, and how keys are spread over partitions."""

    open_log: Callable[[int], AbstractAsyncContextManager[PartitionLog]]
    partition_of: Callable[[bytes], int]
    pause: Callable[[], Awaitable[None]]
    """Waits a moment before the next look at a live installation."""


@dataclass(frozen=True)
class Against:
    """What to compare with."""

    store: LiveStore | None = None
    topics: bool = False

    def __bool__(self) -> bool:
        return self.store is not None or self.topics


@dataclass
class JournalReport:
    """What a replay along the journal found."""

    summary: Summary = field(default_factory=Summary)
    differences: list[Difference] = field(default_factory=list)
    partitions: int = 0
    """How many had a journal."""


async def replay_journal(
    installation: Installation,
    partitions: Sequence[int],
    files: OutputFiles,
    against: Against = Against(),
    say: Callable[[str], None] = lambda _: None,
) -> JournalReport:
    """Replay partition by partition, each in memory at a time; write what they say and compare.

    Raises what `replay.errors` names, and Kafka's errors.
    """
    report = JournalReport()
    for partition in partitions:
        async with installation.open_log(partition) as log:
            replay = await PartitionReplay.prepared(partition, log, installation, files.take)
            differences = await replay.finish(against)
        run, found = replay.run, len(differences)
        report.differences += differences
        if run.meta.step:
            report.partitions += 1
            report.summary.add_run(run, replay.journal.ended_at)
            files.take_states(replay.read_models())
        say(f"partition {partition}: {run.meta.step} steps" + (f", {found} differences" if against else ""))
    report.summary.add_written(files.written)
    return report


class PartitionReplay:
    """One partition on its way along the journal."""

    def __init__(
        self, partition: int, log: PartitionLog, pause: Callable[[], Awaitable[None]], withheld: Withheld, sink: Sink
    ) -> None:
        self.run = withheld.run
        self.run.sink = self._take
        self.journal = JournalRun(partition, log, self.run)
        self._partition = partition
        self._log = log
        self._pause = pause
        self._withheld = withheld
        self._emitted = Emitted(withheld)
        self._sink = sink

    @classmethod
    async def prepared(
        cls, partition: int, log: PartitionLog, installation: Installation, sink: Sink
    ) -> "PartitionReplay":
        """Return a replay at its beginning, which knows who will be erased."""
        run = Run(meta=PartitionMeta(partition=partition), partition_of=installation.partition_of)
        withheld = Withheld(await last_erasures(log.read(CONSENTS)), run)
        return cls(partition, log, installation.pause, withheld, sink)

    async def finish(self, against: Against) -> list[Difference]:
        """Follow the journal to its end and return the differences, as of a moment at which both stood still."""
        await self.journal.follow()
        if not against:
            return []
        for _ in range(ROUNDS_MAX):
            found = await self._compared(against)
            if found is not None:
                return found
            await self._pause()
            await self.journal.follow()
        step = "" if against.store is None else str(await live_step(self._partition, against.store))
        return [Difference(self._partition, None, "step", str(self.run.meta.step), step or "still moving")]

    def read_models(self) -> list[dict[str, object]]:
        """Return the customers of the end whom no record behind the journal's end erases."""
        views = self.run.read_models(self.journal.ended_at)
        return [view for customer_id, view in views.items() if not self._withheld.holds(customer_id.encode())]

    async def _compared(self, against: Against) -> list[Difference] | None:
        """Return what differs, None where the installation moved on meanwhile."""
        found: list[Difference] = []
        if against.store is not None:
            of_store = await compare_with_store(self.run, self._partition, against.store)
            if of_store is None:
                return None
            found += of_store
        if against.topics:
            found += await self._emitted.compare(self._partition, self._log)
            if await self.journal.follow():
                return None
        return found

    def _take(self, output: Output, record: LogRecord | None) -> None:
        self._emitted.take(output, record)
        if not self._withheld.holds(output.key):
            self._sink(output, record)
