"""What customers were expected to spend at a moment of the journal, and what they then spent."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from replay.from_journal import Installation
from replay.journal import JournalRun
from replay.run import Run
from schemas.instants import DAY_MICROSECONDS, Instant
from schemas.journal import ModelAdoption, ProgramChange, Start, Tick
from schemas.record import LogRecord
from schemas.value import HORIZON_DAYS
from state.meta import PartitionMeta
from state.score import Model

HORIZON_US = HORIZON_DAYS * DAY_MICROSECONDS


@dataclass
class Expected:
    """Customers of all partitions that had a price; money in minor units."""

    customer_ids: list[str] = field(default_factory=list)
    prices: list[int] = field(default_factory=list)
    spent: list[int] = field(default_factory=list)
    """Within the horizon after the moment, net of cancellations and refunds that came within it."""
    unpriced: int = 0
    """Had orders, but no price: there was no model yet, or it did not price."""
    erased: int = 0
    """Had a price and are gone."""
    models: set[int] = field(default_factory=set)
    """The versions that priced."""
    currency: str = ""
    ended_at: Instant | None = None
    """How far every partition's history reaches."""


async def expected_at(installation: Installation, partitions: Sequence[int], at: Instant) -> Expected:
    """Follow each partition's journal and compare; a partition that ends too early is not counted in.

    Raises what `replay.errors` names, and Kafka's errors.
    """
    found = Expected()
    for partition in partitions:
        run = _Looking(meta=PartitionMeta(partition=partition), partition_of=installation.partition_of, at=at)
        run.sink = lambda _output, _record: None
        async with installation.open_log(partition) as log:
            journal = JournalRun(partition, log, run)
            await journal.follow()
        if run.meta.step:
            run.look(journal.ended_at)
            found.ended_at = min(journal.ended_at, found.ended_at or journal.ended_at)
            _count_in(found, run)
    return found


@dataclass(slots=True)
class _Seen:
    prices: dict[str, int | None]
    spent: dict[str, int]
    model: int


@dataclass(slots=True)
class _Looking(Run):
    """Looks at everybody right before the first step that is behind ``at``, and again a horizon later."""

    at: Instant = 0
    first: _Seen | None = None
    last: _Seen | None = None

    def take_record(self, record: LogRecord) -> None:
        self.look(record.timestamp_ms * 1000)
        Run.take_record(self, record)

    def take_step(self, single: Start | Tick | ProgramChange) -> None:
        if isinstance(single, Tick):
            self.look(single.at)
        Run.take_step(self, single)

    def adopt(self, adoption: ModelAdoption, model: Model) -> None:
        self.look(adoption.at)
        Run.adopt(self, adoption, model)

    def look(self, now: Instant) -> None:
        """Take note of everybody where time passes one of the two moments."""
        if self.first is None and now >= self.at:
            self.first = self._seen()
        if self.last is None and now >= self.at + HORIZON_US:
            self.last = self._seen()

    def _seen(self) -> _Seen:
        prices: dict[str, int | None] = {}
        spent: dict[str, int] = {}
        for customer_id, customer in self.customers.states.items():
            spent[customer_id] = customer.spend_minor if customer.orders else 0
            if customer.orders:
                prices[customer_id] = None if customer.standing is None else customer.standing.value_minor
        return _Seen(prices, spent, self.meta.model)


def _count_in(found: Expected, run: _Looking) -> None:
    found.currency = run.fold.programs.current.currency
    if run.first is None or run.last is None:
        return
    found.models.add(run.first.model)
    for customer_id, price in run.first.prices.items():
        if price is None:
            found.unpriced += 1
        elif customer_id not in run.last.spent:
            found.erased += 1
        else:
            found.customer_ids.append(customer_id)
            found.prices.append(price)
            found.spent.append(run.last.spent[customer_id] - run.first.spent[customer_id])
