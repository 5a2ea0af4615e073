"""One worker against two on two partitions, with every core free for everything."""

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaProducer

from bench.log import BenchLog, bench_log
from bench.machine import Cores, pin
from bench.servers import served
from bench.worker import WorkerMeasured, claimed, start_worker, watched
from tierline.connections import kafka_options
from tierline.settings import Settings
from tierline.topic_admin import make_topics
from tierline.wiring import repository_of

PARTITIONS = 2
TRANSACTION_TIMEOUT_MS = 600_000


class TwoWorkers(msgspec.Struct, frozen=True):
    """What one worker and two took for the same log."""

    orders: int
    cores: int
    one_seconds: list[float]
    two_seconds: list[float]
    """Round by round."""
    worker_cpu_seconds: float
    """What the one worker used, in the median round."""
    busy_cpu_seconds: float
    """What it and its servers used together."""

    @property
    def speedups(self) -> list[float]:
        """How many times as fast two are, round by round."""
        return [one / two for one, two in zip(self.one_seconds, self.two_seconds, strict=True)]

    @property
    def allowed(self) -> float:
        """The most that two workers can gain here, by CPU time alone.

        One worker is done no sooner than it has used its CPU time; two, no sooner than all cores together have spent
        what workers and servers need.
        """
        return min(2.0, self.cores * self.worker_cpu_seconds / self.busy_cpu_seconds)


def measure_two_workers(orders: int, rounds: int) -> TwoWorkers:
    """Measure both in turn; nothing is pinned."""
    cores = Cores.found()
    everything = cores.contender | cores.servers
    log = bench_log(orders, PARTITIONS)
    pin(0, everything)
    ones: list[WorkerMeasured] = []
    twos: list[WorkerMeasured] = []
    with tempfile.TemporaryDirectory(prefix="tierline-bench-") as name:
        folder = Path(name)
        with served(PARTITIONS, folder) as (settings, pids):
            for number in range(rounds):
                for workers, found in ((1, ones), (2, twos)):
                    own = f"{workers}-of-{number}"
                    named = settings.model_copy(update={"name": own, "topic_prefix": f"{own}."})
                    found.append(asyncio.run(_measure(named, log, workers, everything, pids, folder)))
    middle = sorted(ones, key=lambda one: one.seconds)[len(ones) // 2]
    return TwoWorkers(
        orders,
        len(everything),
        [one.seconds for one in ones],
        [two.seconds for two in twos],
        middle.cpu_seconds,
        middle.cpu_seconds + sum(middle.server_cpu_seconds.values()),
    )


async def _measure(
    settings: Settings, log: BenchLog, workers: int, cores: frozenset[int], servers: Mapping[str, int], folder: Path
) -> WorkerMeasured:
    """Let the workers share the partitions first; then the whole log becomes readable at one moment."""
    await asyncio.to_thread(make_topics, settings, with_inputs=True)
    started = [start_worker(settings, folder, cores, number) for number in range(workers)]
    repository = repository_of(settings)
    options = {**kafka_options(settings), "transaction_timeout_ms": TRANSACTION_TIMEOUT_MS, "linger_ms": 5}
    try:
        await claimed(started)
        async with AIOKafkaProducer(**options, transactional_id=f"{settings.name}-log") as producer:
            async with producer.transaction():
                await _send(producer, log, settings)
            return await watched(settings, started, repository, len(log.records), servers)
    finally:
        await repository.close()
        for worker in started:
            await asyncio.to_thread(worker.child.stop)


async def _send(producer: AIOKafkaProducer, log: BenchLog, settings: Settings) -> None:
    sent = []
    for record in log.records:
        topic = settings.topic_prefix + record.topic
        future = await producer.send(
            topic, record.value, record.key, record.partition, timestamp_ms=record.timestamp_ms
        )
        sent.append(future)
    await asyncio.gather(*sent)
