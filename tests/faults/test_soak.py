"""T14: kills of workers and of Redis for as long as one likes; a worker that lives through it does not grow."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path
from statistics import median
from typing import Final

import pytest

from tests.faults.conftest import Happened, NewInstallation
from tests.faults.size import at_size
from tests.faults.watching import settled
from tests.integration.installation import Installation
from tests.integration.shop import Record, a_shop
from tests.integration.worker_process import WorkerProcess
from tests.servers import NewValkey
from tierline.embedded import EmbeddedValkey

SECONDS: Final = float(os.environ.get("FAULTS_SOAK_SECONDS", at_size(60, 300)))
"""Hours on demand: `FAULTS_SOAK_SECONDS=14400 make faults ARGS="-k soak"`."""
FAULT_EVERY_SECONDS: Final = 5.0
ORDERS_A_SECOND: Final = 200
CHUNK: Final = 500
CUSTOMERS: Final = 100
YEARS_MS: Final = 9 * 365 * 86_400_000
EVERY_MS: Final = int(YEARS_MS / (SECONDS * ORDERS_A_SECOND))
"""From order to order. However long it takes, nine years go by: what customers ordered leaves their windows again, and
has its full size within the first third. What grows then is a leak."""
GROWTH_MOST: Final = 1.05
SLACK_KIB: Final = 4 * 1024
"""What an allocator may keep or give back from one moment to the next."""


@dataclass(slots=True)
class Sizes:
    """What one process takes, looked at again and again."""

    pid: int
    resident_kib: list[int] = field(default_factory=list)
    handles: list[int] = field(default_factory=list)

    def look(self) -> None:
        """Note what it takes now."""
        process = Path(f"/proc/{self.pid}")
        pages = int((process / "statm").read_text().split()[1])
        self.resident_kib.append(pages * os.sysconf("SC_PAGE_SIZE") // 1024)
        self.handles.append(len(list((process / "fd").iterdir())))

    def thirds(self, values: list[int], summed_up: Callable[[list[int]], float]) -> tuple[float, float]:
        """Return the middle third and the last one, ``summed_up``: in the first everything is new to it."""
        third = len(values) // 3
        return summed_up(values[third : 2 * third]), summed_up(values[2 * third :])


@pytest.mark.timeout(SECONDS + 300)
async def test_a_worker_that_lives_through_it_all_does_not_grow(
    new_installation: NewInstallation, new_valkey: NewValkey, happened: Happened
) -> None:
    server = new_valkey(aof="always")
    shop = new_installation(redis_url=server.url, batch_records=50)
    survivor, victim = shop.start_worker(), shop.start_worker()
    await shop.await_steps(1)
    assert survivor.process is not None
    ends_at, sizes, faults = time.monotonic() + SECONDS, Sizes(survivor.process.pid), 0
    producing = asyncio.create_task(produce_until(shop, ends_at))
    for fault in cycle((kill_worker, kill_redis)):
        until = time.monotonic() + FAULT_EVERY_SECONDS
        while time.monotonic() < min(until, ends_at):
            sizes.look()
            await asyncio.sleep(0.25)
        if time.monotonic() >= ends_at:
            break
        await asyncio.to_thread(fault, victim, server)
        faults += 1
    orders = await producing
    sizes.look()
    outputs = await settled(shop)
    before_kib, after_kib = sizes.thirds(sizes.resident_kib, median)
    # With both partitions it has more of them than with one, and how long it has both goes by the victim's pace.
    handles_before, handles_after = sizes.thirds(sizes.handles, max)
    happened("orders", orders)
    happened("faults", faults)
    happened("resident_kib", (before_kib, after_kib))
    happened("handles", (handles_before, handles_after))
    assert outputs > 500
    assert faults >= SECONDS / FAULT_EVERY_SECONDS / 2
    assert after_kib <= GROWTH_MOST * before_kib + SLACK_KIB
    assert handles_after <= handles_before + 2


async def produce_until(shop: Installation, ends_at: float) -> int:
    """Send orders, each later than the last, and return how many."""
    sent = 0
    for chunk in chunks():
        if time.monotonic() >= ends_at:
            break
        await shop.produce(chunk, a_second=ORDERS_A_SECOND)
        sent += len(chunk)
    return sent


def chunks() -> Iterator[list[Record]]:
    """Yield the orders of one shop for ever."""
    for number in count():
        yield a_shop(CHUNK, seed=number, customers=CUSTOMERS, every_ms=EVERY_MS, first=number * CHUNK)


def kill_worker(victim: WorkerProcess, _server: EmbeddedValkey) -> None:
    """Kill the worker that is not watched, and start it again."""
    victim.kill()
    victim.start()


def kill_redis(_victim: WorkerProcess, server: EmbeddedValkey) -> None:
    """Kill Redis, and start it again on what it wrote."""
    server.kill()
    server.start()
