"""The light job: one customer's orders, spend, last order and tier, and a record where the tier changes.

It is what the contenders share, so that they differ in their frameworks alone. There is no order ledger, no window, no
term and no nudge in it, and an order delivered twice counts twice.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from redis.asyncio import Redis

JOB_VARIABLE = "TIERLINE_BENCH_JOB"
TIERS = ((120_000, "platinum"), (60_000, "gold"), (25_000, "silver"), (0, "bronze"))
"""The least lifetime spend of each, in minor units; highest first."""


class LightJob(msgspec.Struct, frozen=True):
    """What a contender is told, as JSON in `JOB_VARIABLE`."""

    kafka: str
    redis_url: str
    orders_topic: str
    changes_topic: str
    key_prefix: str
    """Before the customer's id in Redis."""
    group: str
    orders: int
    """How many to take before the clock stops."""
    folder: str
    """Where it may keep files, and where it writes its `Took`."""


class Took(msgspec.Struct, frozen=True):
    """What the job took, from the first order at hand until the last state was written."""

    seconds: float
    cpu_seconds: float
    """All threads of the contender, without its start."""


class Order(msgspec.Struct, frozen=True, gc=False):
    """The fields of an order that the job needs."""

    customer_id: str
    occurred_at: str
    amount: str
    """In major units with two decimals."""


class Customer(msgspec.Struct, gc=False):
    """What is kept of a customer."""

    orders: int = 0
    spend_minor: int = 0
    last_order_at: str = ""
    tier: str = "bronze"


class TierChange(msgspec.Struct, frozen=True, gc=False):
    """What is published, keyed by the customer's id."""

    customer_id: str
    tier: str


decode_order = msgspec.json.Decoder(Order).decode
decode_customer = msgspec.json.Decoder(Customer).decode
encode = msgspec.json.Encoder().encode


def add(customer: Customer, order: Order) -> TierChange | None:
    """Add an order to the customer, and return the change of tier, if any."""
    customer.orders += 1
    customer.spend_minor += int(order.amount.replace(".", ""))
    customer.last_order_at = max(customer.last_order_at, order.occurred_at)
    tier = next(name for least, name in TIERS if customer.spend_minor >= least)
    if tier == customer.tier:
        return None
    customer.tier = tier
    return TierChange(order.customer_id, tier)


async def add_batch(redis: "Redis", key_prefix: str, orders: Sequence[Order]) -> list[TierChange]:
    """Add orders to their customers, read in one MGET and written in one pipeline; return the changes of tier."""
    ids = list({order.customer_id for order in orders})
    blobs = await redis.mget([key_prefix + one for one in ids])
    customers = {one: customer_of(blob) for one, blob in zip(ids, blobs, strict=True)}
    changes = [change for order in orders if (change := add(customers[order.customer_id], order)) is not None]
    async with redis.pipeline(transaction=False) as pipeline:
        for one, customer in customers.items():
            pipeline.set(key_prefix + one, encode(customer))
        await pipeline.execute()
    return changes


def customer_of(blob: bytes | str | None) -> Customer:
    """Return the stored customer, or a new one."""
    return Customer() if blob is None else decode_customer(blob)


def given_job() -> LightJob:
    """Return the job of this process."""
    return msgspec.json.decode(os.environ[JOB_VARIABLE], type=LightJob)


class Stopwatch:
    """Measures from the first order at hand to the last one written, and writes `Took` then."""

    def __init__(self, job: LightJob) -> None:
        self._job = job
        self._left = job.orders
        self._began_at: float | None = None
        self._cpu_at = 0.0

    def begin(self) -> None:
        """Start, where it has not started yet."""
        if self._began_at is None:
            self._began_at, self._cpu_at = time.perf_counter(), time.process_time()

    def wrote(self, orders: int) -> None:
        """Count orders whose states are written; the last of them stops the clock."""
        self._left -= orders
        if self._left == 0 and self._began_at is not None:
            took = Took(time.perf_counter() - self._began_at, time.process_time() - self._cpu_at)
            unfinished = took_path(self._job).with_suffix(".part")
            unfinished.write_bytes(encode(took))
            unfinished.replace(took_path(self._job))


def took_path(job: LightJob) -> Path:
    """Return where a contender leaves its `Took`: whoever sees the file sees all of it."""
    return Path(job.folder) / "took.json"
