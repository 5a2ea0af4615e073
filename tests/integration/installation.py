"""One installation for a test: its topics, its workers as child processes, and its books compared at the end."""

import asyncio
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.topics import CHANGES, INPUTS, JOURNAL, NUDGES, SUPPRESSIONS, dead_letter_topic
from state.customer import encode_state
from state.fold import Fold
from state.memory import CustomersInMemory
from state.meta import PartitionMeta, decode_meta
from state.redis_repository import RedisRepository
from state.store import TOLD_MAX, StoreUnavailableError, Wanted
from streams import topics
from streams.service import work_of
from tests.integration.along import first_difference, identity, replayed
from tests.integration.reading import TopicsOfName, steps_of
from tests.integration.said import said_of
from tests.integration.worker_process import WorkerProcess, config_of

OUTPUTS = (NUDGES, SUPPRESSIONS, CHANGES, *map(dead_letter_topic, INPUTS))
NO_MODEL = -1
"""Below every version."""


@dataclass(slots=True)
class Installation(TopicsOfName):
    """Everything carries ``name``, so that installations share servers."""

    redis_url: str
    folder: Path
    partitions: int = 2
    options: dict[str, object] = field(default_factory=dict)
    workers: list[WorkerProcess] = field(default_factory=list)
    is_traced: bool = False
    """Its outputs carry one header more, the last, which no replay can know."""
    worker_module: str = "tests.integration.worker_process"

    @property
    def settings(self) -> dict[str, str]:
        """Return the variables that a command needs to work on it."""
        return {
            "TIERLINE_KAFKA": self.kafka,
            "TIERLINE_REDIS": self.redis_url,
            "TIERLINE_NAME": self.name,
            "TIERLINE_TOPIC_PREFIX": self.prefix,
            "TIERLINE_PARTITIONS": str(self.partitions),
        }

    def create_topics(self) -> None:
        """Create all of them."""
        specs = [*topics.specs(self.prefix, self.partitions), *topics.input_specs(self.prefix, self.partitions)]
        topics.create({"bootstrap_servers": self.kafka}, specs, 1)

    def worker_options(self) -> dict[str, object]:
        """Return what a worker is told."""
        return {
            "kafka": self.kafka,
            "redis_url": self.redis_url,
            "name": self.name,
            "topic_prefix": self.prefix,
            "partitions": self.partitions,
            "clock": "log",
            "tick_delay_seconds": 0,
            "session_timeout_seconds": 2,
            "heartbeat_seconds": 0.3,
            **self.options,
        }

    def start_worker(self) -> WorkerProcess:
        """Start one more worker."""
        errors = self.folder / f"worker-{len(self.workers)}.log"
        worker = WorkerProcess(self.worker_options(), errors, self.worker_module)
        worker.start()
        self.workers.append(worker)
        return worker

    async def refusal(self) -> str:
        """Start a worker that must refuse, and return its one line."""
        worker = self.start_worker()
        assert worker.process is not None
        assert await asyncio.to_thread(worker.process.wait, 40) == 1, worker.said
        assert "Traceback" not in worker.said
        lines = [line for line in worker.said.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, worker.said
        return lines[0]

    def stop_workers(self) -> None:
        """Kill whatever still runs."""
        for worker in self.workers:
            worker.kill()

    async def produce(self, records: Iterable[tuple[str, bytes, int, bytes]], a_second: int = 1_000_000) -> None:
        """Send (topic, key, timestamp in ms, value), at most so many a second."""
        producer = AIOKafkaProducer(bootstrap_servers=self.kafka, linger_ms=5)
        await producer.start()
        began_at = time.monotonic()
        for number, (topic, key, timestamp_ms, value) in enumerate(records):
            await producer.send(self.prefix + topic, value, key, timestamp_ms=timestamp_ms)
            ahead = number / a_second - (time.monotonic() - began_at)
            if ahead > 0.05:
                await asyncio.sleep(ahead)
        await producer.stop()

    async def await_rest(self, within_seconds: float = 90) -> None:
        """Wait until every record is committed, nothing is due by the clock, and every output is relayed."""
        repository, ends = RedisRepository(self.redis_url, self.name), await self._ends()
        gives_up_at = time.monotonic() + within_seconds
        try:
            while not await self._is_at_rest(repository, ends):
                assert time.monotonic() < gives_up_at, f"not at rest after {within_seconds} s: {self._said()}"
                await asyncio.sleep(0.2)
        finally:
            await repository.close()

    async def await_adoption(self, within_seconds: float = 30, newer_than: int = NO_MODEL) -> int:
        """Wait until the newest model is in force everywhere, everyone scored with it, and all of it published.

        It may be one that came since. Where there is none, or none but those up to ``newer_than``, one is waited for.
        Returns the version.
        """
        gives_up_at = time.monotonic() + within_seconds
        while (newest := max(await self.snapshots(), default=NO_MODEL)) <= newer_than:
            assert time.monotonic() < gives_up_at, f"no model after {newer_than} is published: {self._said()}"
            await asyncio.sleep(0.2)
        while any(meta.model < newest or meta.sweeps_to is not None for meta in await self.metas()):
            assert time.monotonic() < gives_up_at, f"model {newest} is not adopted everywhere: {self._said()}"
            await asyncio.sleep(0.2)
        await self.await_rest(within_seconds)
        return newest

    async def await_steps(self, count: int, within_seconds: float = 60) -> None:
        """Wait until so many steps are committed."""
        gives_up_at = time.monotonic() + within_seconds
        while await self.steps() < count:
            assert time.monotonic() < gives_up_at, f"too few steps: {self._said()}"
            await asyncio.sleep(0.2)

    async def steps(self) -> int:
        """Return how many steps are committed."""
        return sum(meta.step for meta in await self.metas())

    async def metas(self) -> list[PartitionMeta]:
        """Return what each partition's last commit says; a partition that nobody started is left out."""
        repository = RedisRepository(self.redis_url, self.name)
        blobs = [await repository.meta(partition) for partition in range(self.partitions)]
        await repository.close()
        return [decode_meta(blob) for blob in blobs if blob is not None]

    async def open_transactions_hit(self) -> int:
        """Return how many transactions a kill left open: the journal holds their entries, as aborted ones."""
        hit = 0
        for partition in range(self.partitions):
            committed = {record.offset for record in await self.read(JOURNAL, partition)}
            written = [record.offset for record in await self.read(JOURNAL, partition, "read_uncommitted")]
            aborted = [offset for offset in written if offset not in committed]
            # A marker stands behind each transaction, so the next one does not follow without a gap.
            hit += sum(1 for offset in aborted if offset - 1 not in aborted)
        return hit

    def gaps_hit(self) -> int:
        """Return how many claims found a transaction that was committed and not yet trimmed."""
        return sum(worker.said.count("were published already") for worker in self.workers)

    async def assert_books(self) -> int:
        """Compare states and outputs with a replay of the journal; return how many outputs there were."""
        return sum([await self._assert_partition(partition) for partition in range(self.partitions)])

    async def _assert_partition(self, partition: int) -> int:
        read = await self.read_all([*INPUTS, JOURNAL, *OUTPUTS], partition)
        inputs = {topic: {r.offset: r for r in read[topic]} for topic in INPUTS}
        customers = CustomersInMemory()
        fold = Fold(
            PartitionMeta(partition=partition), customers, work_of(config_of(self.worker_options())).partition_of
        )
        said = replayed(fold, customers, steps_of(read[JOURNAL]), inputs, await self.models())
        for topic in OUTPUTS:
            is_traced = self.is_traced and not topic.endswith(".dlq")
            published = [(r.key, r.value, list(r.headers)[: -1 if is_traced else None]) for r in read[topic]]
            expected = [(o.key, o.value, list(o.headers)) for o in said if o.topic == topic]
            assert published == expected, (
                f"{topic} partition {partition} differs from the journal's replay: "
                f"{len(published)} published, {len(expected)} replayed, first {first_difference(published, expected)}"
            )
            ids = [identity(record) for record in read[topic]]
            assert len(ids) == len(set(ids)), f"{topic} partition {partition} holds an id twice"
        await self._assert_states(partition, fold, customers, said_of(said))
        return len(said)

    async def _assert_states(
        self, partition: int, fold: Fold, customers: CustomersInMemory, told: dict[str, list[bytes]]
    ) -> None:
        repository = RedisRepository(self.redis_url, self.name)
        blob = await repository.meta(partition)
        assert blob is not None
        meta = decode_meta(blob)
        assert (meta.step, meta.offsets, meta.counters) == (fold.meta.step, fold.meta.offsets, fold.meta.counters)
        for name in ("customers_by_tier", "moves", "customers_by_segment", "segment_moves", "model", "previous_model"):
            assert getattr(meta, name) == getattr(fold.meta, name), name
        ids = list(customers)
        stored = await repository.load(partition, Wanted(ids))
        assert stored.states == {customer_id: encode_state(customers.states[customer_id]) for customer_id in ids}
        assert set(await repository.customers(partition, limit=1_000_000)) == set(ids)
        for customer_id in ids:
            assert await repository.told(partition, customer_id) == told.get(customer_id, [])[-TOLD_MAX:]
        await repository.close()

    async def _ends(self) -> dict[tuple[int, str], int]:
        consumer = AIOKafkaConsumer(bootstrap_servers=self.kafka)
        await consumer.start()
        tps = {(p, topic): TopicPartition(self.prefix + topic, p) for p in range(self.partitions) for topic in INPUTS}
        ends = await consumer.end_offsets(list(tps.values()))
        await consumer.stop()
        return {place: ends[tp] for place, tp in tps.items()}

    async def _is_at_rest(self, repository: RedisRepository, ends: dict[tuple[int, str], int]) -> bool:
        try:
            for partition in range(self.partitions):
                blob = await repository.meta(partition)
                if blob is None:
                    return False
                meta = decode_meta(blob)
                if any(meta.offsets.get(topic) != end for (p, topic), end in ends.items() if p == partition):
                    return False
                # In this order: what is still due makes the last outputs.
                if meta.is_sweeping or await repository.due(partition, meta.clock_at, 1):
                    return False
                if (await repository.peek(partition, 1)).entries:
                    return False
        except StoreUnavailableError:
            return False
        return True

    def _said(self) -> str:
        return "\n".join(worker.said[-1500:] for worker in self.workers)


def as_bytes(value: dict[str, object]) -> tuple[bytes, bytes]:
    """Return key and value of an event."""
    return str(value["customer_id"]).encode(), json.dumps(value).encode()
