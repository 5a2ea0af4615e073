"""What an order costs while there are ten thousand, a hundred thousand, a million customers, and what each occupies."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.machine import Cores, pin
from bench.servers import produce, served
from bench.trickle import newcomers, orders_of, placed
from bench.worker import WorkerMeasured, measure_worker
from tierline.topic_admin import make_topics

PARTITIONS = 8


class Growth(msgspec.Struct, frozen=True):
    """One number of customers, in one turn; costs are CPU microseconds an order."""

    customers: int
    orders: int
    worker: float
    servers: float
    microseconds: float
    """Of the clock, an order, with the worker on one core."""
    stored_bytes: float
    """A customer with one order, in Valkey, with all that it keeps beside."""
    newcomer: float
    """What a customer's first order cost the worker."""


def measure_growth(customers: Sequence[int], orders: int, turns: int) -> list[Growth]:
    """Return what ``orders`` orders of random customers cost at each number of customers, turn by turn.

    Everybody ordered once before. The worker that is measured starts with nothing at hand: every customer has to be
    read first, at every size. Each size has servers of its own in every turn.
    """
    cores = Cores.found()
    pin(0, cores.servers)
    try:
        return [_measure(count, orders, cores) for _ in range(turns) for count in customers]
    finally:
        pin(0, cores.contender | cores.servers)


def _measure(customers: int, orders: int, cores: Cores) -> Growth:
    with tempfile.TemporaryDirectory(prefix="tierline-bench-") as name:
        folder = Path(name)
        with served(PARTITIONS, folder) as (settings, pids):
            make_topics(settings, with_inputs=True)
            asyncio.run(produce(placed(newcomers(customers), PARTITIONS), settings))
            first = asyncio.run(measure_worker(settings, customers, cores, pids, folder))
            asyncio.run(produce(placed(orders_of(customers, orders, customers), PARTITIONS), settings))
            then = asyncio.run(measure_worker(settings, customers + orders, cores, pids, folder))
    return growth_of(customers, orders, first, then)


def growth_of(customers: int, orders: int, first: WorkerMeasured, then: WorkerMeasured) -> Growth:
    """Return what was measured, for each order and each customer."""
    return Growth(
        customers=customers,
        orders=orders,
        worker=round(then.cpu_seconds / orders * 1e6, 1),
        servers=round(sum(then.server_cpu_seconds.values()) / orders * 1e6, 1),
        microseconds=round(then.seconds / orders * 1e6, 1),
        stored_bytes=round(first.stored_bytes / customers),
        newcomer=round(first.cpu_seconds / customers * 1e6, 1),
    )
