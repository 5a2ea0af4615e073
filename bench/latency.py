"""Order to visible beside a bare Kafka round trip, at the same rate, in turn, on the same servers."""

import asyncio
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import msgspec

from bench.machine import Cores, pin
from bench.round_trip import RoundTrip
from bench.servers import produce, served
from bench.trickle import newcomers, orders_of, placed, trickle
from bench.worker import ROOT, settled, start_worker
from schemas.topics import ORDERS
from tierline.demo.latency import quantile_ms, visible_buckets
from tierline.settings import Settings
from tierline.topic_admin import make_topics
from tierline.wiring import repository_of

ORDERS_A_SECOND = 500
PARTITIONS = 8
BARE_PREFIX = "bare."


class Waits(msgspec.Struct, frozen=True):
    """What a reader waited for in one turn, in milliseconds."""

    bare_p50: float
    bare_p99: float
    visible_p50: float
    visible_p99: float


def measure_latency(customers: int, seconds: int, turns: int) -> list[Waits]:
    """Return each turn: so many seconds of either. Worker and bare consumer are on the contender's core."""
    cores = Cores.found()
    pin(0, cores.servers)
    try:
        with tempfile.TemporaryDirectory(prefix="tierline-bench-") as name:
            folder = Path(name)
            with served(PARTITIONS, folder) as (settings, _):
                return asyncio.run(_measure(settings, cores, folder, customers, seconds, turns))
    finally:
        pin(0, cores.contender | cores.servers)


async def _measure(
    settings: Settings, cores: Cores, folder: Path, customers: int, seconds: int, turns: int
) -> list[Waits]:
    await asyncio.to_thread(make_topics, settings, with_inputs=True)
    bare = settings.model_copy(update={"topic_prefix": BARE_PREFIX})
    await asyncio.to_thread(make_topics, bare, with_inputs=True)
    await produce(placed(newcomers(customers), PARTITIONS), settings)
    worker = start_worker(settings, folder, cores.contender)
    repository = repository_of(settings)
    try:
        await settled([worker], repository, PARTITIONS, customers)
        found = []
        for turn in range(turns):
            first = customers + turn * seconds * ORDERS_A_SECOND
            waits = await _bare(bare, cores, customers, seconds, first)
            visible = await _visible(settings, worker.port, customers, seconds, first)
            p50, p99 = (quantile_ms(visible, share) or 0.0 for share in (0.5, 0.99))
            found.append(Waits(_part(waits, 0.5), _part(waits, 0.99), round(p50, 2), round(p99, 2)))
        return found
    finally:
        await repository.close()
        await asyncio.to_thread(worker.child.stop)


async def _visible(settings: Settings, port: int, customers: int, seconds: int, first: int) -> Counter[float]:
    """Return the worker's own histogram of one turn: from an order's stamp until its commit is answered."""
    before = await visible_buckets([port])
    records = placed(orders_of(customers, seconds * ORDERS_A_SECOND, first), PARTITIONS)
    await trickle(settings, settings.topic_prefix + ORDERS, records, ORDERS_A_SECOND)
    await asyncio.sleep(1.0)  # The last of them become visible.
    after = await visible_buckets([port])
    after.subtract(before)
    return after


async def _bare(bare: Settings, cores: Cores, customers: int, seconds: int, first: int) -> list[float]:
    total = seconds * ORDERS_A_SECOND
    job = RoundTrip(bare.need_kafka(), bare.topic_prefix + ORDERS, PARTITIONS, total)
    command = [sys.executable, "-m", "bench.round_trip", msgspec.json.encode(job).decode()]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=subprocess.PIPE, limit=2**24)
    assert process.stdout is not None
    try:
        pin(process.pid, cores.contender)
        if await process.stdout.readline() != b"ready\n":
            raise RuntimeError("the bare consumer did not start; its error is above")
        records = placed(orders_of(customers, total, first), PARTITIONS)
        await trickle(bare, job.topic, records, ORDERS_A_SECOND)
        async with asyncio.timeout(60):
            return msgspec.json.decode(await process.stdout.readline(), type=list[float])
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _part(waits: list[float], share: float) -> float:
    return round(waits[min(len(waits) - 1, int(share * len(waits)))], 2)
