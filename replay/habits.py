"""What groups of customers buy, where and on which weekday: counted from the orders topic, which alone knows.

An order counts that was placed, was not cancelled in the end, and did not precede its customer's erasure; each once.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from typing import Final, NamedTuple

from schemas.decoded import Event, OrderPlaced
from schemas.instants import Instant
from schemas.record import LogRecord
from schemas.topics import CONSENTS, ORDERS
from state.admission import admit
from state.outputs import DeadLetter

EVERYBODY: Final = ""
"""The group that everybody belongs to beside their own."""
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ASPECTS: Final = ("category", "region", "weekday", "channel")

Order = tuple[str, str]
"""Customer and order id."""


class Habits(NamedTuple):
    """Of one group: how many orders, and how many of them had each value of each aspect."""

    orders: int
    counts: Mapping[str, Counter[str]]
    """By aspect; an order has each of its categories once."""
    known: Mapping[str, int]
    """By aspect: how many orders say anything of it."""


class HabitCounter:
    """Counts the orders of groups that may overlap. Give it everything that ends orders first, then the orders."""

    def __init__(self, groups_of: Mapping[str, Sequence[str]], day_of: Callable[[Instant], int]) -> None:
        self._groups_of = groups_of
        self._day_of = day_of
        self._status: dict[Order, tuple[Instant, bool]] = {}
        self._erased_at: dict[str, Instant] = {}
        self._seen: set[int] = set()
        self._partition = -1
        self._orders: Counter[str] = Counter()
        self._counts: dict[tuple[str, str], Counter[str]] = {}
        self._known: Counter[tuple[str, str]] = Counter()

    def end(self, record: LogRecord) -> None:
        """Note a cancellation, a reinstatement or an erasure."""
        event = _event(record)
        if event is None:
            return
        if event.type == "customer.erased":
            before = self._erased_at.get(event.customer_id, event.occurred_at)
            self._erased_at[event.customer_id] = max(event.occurred_at, before)
        elif event.type in ("order.cancelled", "order.reinstated"):
            # Of several the latest decides; a tie means cancelled.
            order, status = (event.customer_id, event.order_id), (event.occurred_at, event.type == "order.cancelled")
            self._status[order] = max(status, self._status.get(order, status))

    def count(self, record: LogRecord) -> None:
        """Count an order."""
        event = _event(record)
        if event is None or event.type != "order.placed" or not self._counts_at_all(event, record.partition):
            return
        values = self._values(event)
        for group in (EVERYBODY, *self._groups_of[event.customer_id]):
            self._orders[group] += 1
            for aspect, found in values.items():
                self._counts.setdefault((group, aspect), Counter()).update(found)
                self._known[group, aspect] += bool(found)

    def habits(self, group: str) -> Habits:
        """Return what was counted of a group."""
        counts = {aspect: self._counts.get((group, aspect), Counter()) for aspect in ASPECTS}
        return Habits(self._orders[group], counts, {aspect: self._known[group, aspect] for aspect in ASPECTS})

    def _counts_at_all(self, event: OrderPlaced, partition: int) -> bool:
        order, erased_at = (event.customer_id, event.order_id), self._erased_at.get(event.customer_id)
        if event.customer_id not in self._groups_of or self._status.get(order, (0, False))[1]:
            return False
        if erased_at is not None and event.occurred_at <= erased_at:
            return False
        if partition != self._partition:
            # All orders of a customer are in one partition.
            self._partition, self._seen = partition, set()
        is_new = hash(order) not in self._seen
        self._seen.add(hash(order))
        return is_new

    def _values(self, event: OrderPlaced) -> Mapping[str, Collection[str]]:
        categories = {line.category for line in event.lines or () if line.category is not None}
        # Ordinal day 1 is a Monday.
        weekday = WEEKDAYS[(self._day_of(event.occurred_at) - 1) % 7]
        return {
            "category": categories,
            "region": [event.region] if event.region is not None else [],
            "weekday": [weekday],
            "channel": [event.channel] if event.channel is not None else [],
        }


async def count_habits(counter: HabitCounter, read: Callable[[str], AsyncIterator[LogRecord]]) -> None:
    """Let ``counter`` read both topics, the orders twice: what ends an order may come before it or after it."""
    for topic in (CONSENTS, ORDERS):
        async for record in read(topic):
            counter.end(record)
    async for record in read(ORDERS):
        counter.count(record)


def _event(record: LogRecord) -> Event | None:
    admitted = admit(record)
    return None if isinstance(admitted, DeadLetter) else admitted.event
