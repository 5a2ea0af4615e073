"""A history through the product's own code: orders by the fold, samples, trainer, snapshots, scores at the cuts."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.shops import Shop
from models.trainer import Trainer
from schemas.features import CustomerFacts
from schemas.journal import Start
from schemas.record import LogRecord
from schemas.samples import SampleSlice
from schemas.snapshot import Snapshot
from schemas.topics import INPUTS
from schemas.value import HORIZON_DAYS
from state.fold import Fold
from state.memory import CustomersInMemory
from state.meta import PartitionMeta
from state.score import NO_CLUSTER, model_of, score_customer
from state.standing import facts_of
from streams.sampling import CUSTOMERS_A_SLICE, slice_of

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cut:
    """What was known at the end of a day, and what the product expected then; money in major units."""

    snapshot: Snapshot
    facts: list[CustomerFacts]
    expected: Floats
    """`clv_90d` of each customer."""
    before: list[CustomerFacts | None]
    """The same customers as of 90 days before; None for who came later."""
    spent_since: Floats
    """What they spent in those 90 days."""
    spent_after: Floats
    """What they spent in the 90 days after the cut."""


def cuts_of(shop: Shop) -> list[Cut]:
    """Play the history day by day, and return each cut."""
    history = _History(shop)
    wanted = {day for cut in shop.cuts for day in _days_around(cut.toordinal())}
    at = {day: history.seen() for day in history.days(max(wanted)) if day in wanted}
    return [_cut(at, cut.toordinal()) for cut in shop.cuts]


@dataclass(frozen=True, slots=True)
class _Seen:
    """Everybody's facts at the end of a day, and their prices where there is a model."""

    facts: dict[str, CustomerFacts]
    prices: dict[str, int | None]
    snapshot: Snapshot | None


class _History:
    """The worker's fold and the trainer, with nothing between them but samples and snapshots."""

    def __init__(self, shop: Shop) -> None:
        self._customers = CustomersInMemory()
        self._fold = Fold(PartitionMeta(), self._customers)
        self._fold.start(Start(None, dict.fromkeys(INPUTS, 0), {}, shop.program.canonical_json()))
        self._trainer, self._offset = Trainer(shop.learning), 0
        self._snapshot: Snapshot | None = None
        self._records = shop.records()
        self._today = 0

    def days(self, last: int) -> Iterator[int]:
        """Yield each local day up to ``last``, an ordinal, when its orders are in and everybody was sampled.

        Nobody is sampled after the last cut: nothing is asked of the models any more.
        """
        rules = self._fold.programs.current
        by_day: dict[int, list[LogRecord]] = {}
        for record in self._records:
            by_day.setdefault(rules.day_of(record.timestamp_ms * 1000), []).append(record)
        for self._today in range(min(by_day), last + 1):
            self._take(by_day.pop(self._today, []))
            if self._today <= last - HORIZON_DAYS:
                self._sample()
            yield self._today

    def _take(self, records: list[LogRecord]) -> None:
        fold = self._fold
        for record in records:
            fold.apply(fold.admit(record))
        fold.take_changes()

    def _sample(self) -> None:
        everyone = list(self._customers.states.values())
        for start in range(0, len(everyone), CUSTOMERS_A_SLICE):
            samples = slice_of(self._fold, everyone[start : start + CUSTOMERS_A_SLICE])
            self._trainer.take(samples, self._offset)
            self._offset += 1
        swept = SampleSlice(partition=0, at=self._fold.meta.clock_at, rows=())
        self._snapshot = self._trainer.take(swept, self._offset) or self._snapshot
        self._offset += 1

    def seen(self) -> _Seen:
        """Return what is known, and what today's model makes of it."""
        found = ((one, facts_of(customer, self._today)) for one, customer in self._customers.states.items())
        facts = {one: its for one, its in found if its is not None}
        if self._snapshot is None:
            return _Seen(facts, {}, None)
        model = model_of(0, self._snapshot)
        scored = {one: score_customer(model, its, NO_CLUSTER, had_event=True) for one, its in facts.items()}
        return _Seen(facts, {one: its.value_minor for one, its in scored.items()}, self._snapshot)


def _days_around(cut: int) -> tuple[int, int, int]:
    return cut - HORIZON_DAYS, cut, cut + HORIZON_DAYS


def _cut(at: dict[int, _Seen], cut: int) -> Cut:
    before, now, after = (at[day] for day in _days_around(cut))
    assert now.snapshot is not None, "the first model came before the first cut"
    names = list(now.facts)
    spent = [[_spent(seen, one) for one in names] for seen in (before, now, after)]
    past, present, future = (np.array(one, dtype=np.float64) / now.snapshot.minor_per_major for one in spent)
    prices = np.array([now.prices[one] for one in names], dtype=np.float64) / now.snapshot.minor_per_major
    earlier = [before.facts.get(one) for one in names]
    return Cut(now.snapshot, list(now.facts.values()), prices, earlier, present - past, future - present)


def _spent(seen: _Seen, customer_id: str) -> int:
    return seen.facts[customer_id].monetary_minor if customer_id in seen.facts else 0
