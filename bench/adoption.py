"""How long a partition takes to adopt a model, and whether orders wait for it meanwhile.

A worker holds one partition of many customers. Orders trickle in all the time, stamped with their sending; what a
reader waits for is taken from the worker's own histogram, before the adoptions and during them.
"""

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from aiokafka import AIOKafkaProducer

from bench.in_process import learnt_from
from bench.servers import produce, served
from bench.trickle import newcomers, orders_of, trickle
from schemas.snapshot import Snapshot, encode_snapshot
from schemas.topics import MODELS, ORDERS
from state.redis_repository import RedisRepository
from tierline.connections import kafka_options
from tierline.demo.children import Child
from tierline.demo.latency import quantile_ms, visible_buckets
from tierline.demo.run import environment_of
from tierline.demo.standing import is_settled, look
from tierline.embedded.process import free_port
from tierline.reaching import program_of
from tierline.settings import Settings
from tierline.topic_admin import make_topics
from tierline.wiring import repository_of

ORDERS_A_SECOND = 300
ENDLESS = 10**9
CALM_SECONDS = 10.0
LEARNT_FROM = 20_000
LOOK_EVERY_SECONDS = 0.02
TIMEOUT_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Phase:
    """What a reader waited for, from an order's sending until its state is visible."""

    what: str
    seconds: float
    """How long the adoption took; for the calm phase, how long it was watched."""
    visible: Counter[float]

    def row(self, customers: int) -> str:
        """Return a row of the table."""
        p50, p99 = (quantile_ms(self.visible, share) or 0.0 for share in (0.5, 0.99))
        worst = max((bound for bound in self.visible if self.visible[bound] > _below(self.visible, bound)), default=0.0)
        each = "" if self.what == "calm" else f"{self.seconds / customers * 1e6:.0f}"
        return f"| {self.what} | {self.seconds:.1f} | {each} | {p50:.0f} | {p99:.0f} | {worst * 1000:.0f} |"


def adoption_in_words(customers: int) -> str:
    """Measure, and return the table for a reader."""
    with tempfile.TemporaryDirectory(prefix="tierline-bench-") as folder, served(1, Path(folder)) as (settings, _):
        phases = asyncio.run(_measure(settings, customers, Path(folder)))
    rows = "\n".join(phase.row(customers) for phase in phases)
    return (
        f"One worker adopts a model in a partition of {customers:,} customers, while {ORDERS_A_SECOND} orders a second "
        "arrive; waiting is from an order's sending until its state is visible.\n\n"
        "| phase | seconds | microseconds a customer | order visible: p50, ms | p99, ms | at most, ms |\n"
        f"|---|--:|--:|--:|--:|--:|\n{rows}\n"
    )


async def _measure(settings: Settings, customers: int, folder: Path) -> list[Phase]:
    """Fill a partition, then watch it calm, and through two adoptions."""
    port = free_port()
    settings = settings.model_copy(update={"metrics_port": port})
    records = list(newcomers(customers))
    snapshot = learnt_from(records[:LEARNT_FROM], program_of(settings))
    await asyncio.to_thread(make_topics, settings, with_inputs=True)
    await produce(records, settings)
    worker = Child.start("worker", ["worker", "--from", "earliest"], environment_of(settings), folder)
    repository = repository_of(settings)
    try:
        await _taken(repository, worker, customers)
        endless = orders_of(customers, ENDLESS, customers)
        trickling = asyncio.create_task(trickle(settings, settings.topic_prefix + ORDERS, endless, ORDERS_A_SECOND))
        try:
            return [phase async for phase in _phases(settings, snapshot, repository, port)]
        finally:
            trickling.cancel()
    finally:
        await repository.close()
        await asyncio.to_thread(worker.stop)


async def _phases(
    settings: Settings, snapshot: Snapshot, repository: RedisRepository, port: int
) -> AsyncIterator[Phase]:
    before = await visible_buckets([port])
    await asyncio.sleep(CALM_SECONDS)
    after = await visible_buckets([port])
    yield Phase("calm", CALM_SECONDS, after - before)
    for what in ("first model: everybody's names change", "next model: hardly any name changes"):
        before = after
        began_at = time.monotonic()
        version = await _publish(settings, snapshot)
        await _adopted(repository, version)
        seconds = time.monotonic() - began_at
        await asyncio.sleep(1.0)  # The last orders of the phase become visible.
        after = await visible_buckets([port])
        yield Phase(what, seconds, after - before)


async def _publish(settings: Settings, snapshot: Snapshot) -> int:
    async with AIOKafkaProducer(**kafka_options(settings), transactional_id=f"{settings.name}-trainer") as producer:
        async with producer.transaction():
            sent = await producer.send_and_wait(settings.topic_prefix + MODELS, encode_snapshot(snapshot), partition=0)
        return int(sent.offset)


async def _adopted(repository: RedisRepository, version: int) -> None:
    gives_up_at = time.monotonic() + TIMEOUT_SECONDS
    while not (await look(repository, 1)).has_adopted(version):
        assert time.monotonic() < gives_up_at, "the model is never adopted"
        await asyncio.sleep(LOOK_EVERY_SECONDS)


async def _taken(repository: RedisRepository, worker: Child, customers: int) -> None:
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while (standing := await look(repository, 1)).taken < customers or not await is_settled(repository, standing):
            worker.check()
            await asyncio.sleep(LOOK_EVERY_SECONDS)


def _below(buckets: Counter[float], bound: float) -> int:
    return max((count for other, count in buckets.items() if other < bound), default=0)
