"""`tierline rebuild`: a partition's state from the inputs again, along the journal; nothing is published twice."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.topics import INPUTS
from state.redis_repository import RedisRepository
from streams import topics
from streams.claim import claim
from streams.ingest import ingest
from streams.kafka_inputs import KafkaInputs
from streams.kafka_models import KafkaModels
from streams.kafka_outputs import KafkaOutputs
from streams.observed import Observed
from streams.ports import Ports, StopError
from streams.relay import relay
from streams.service import work_of
from streams.waiting import at_most, in_time
from streams.worker_config import WorkerConfig


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """One partition: up to which step its state was made again."""

    partition: int
    step: int
    customers: int


def rebuild(
    config: WorkerConfig, partitions: Sequence[int] | None = None, *, beside_workers: bool = False
) -> list[Rebuilt]:
    """Remove the state of these partitions (all by default) and make it again up to the journal's end.

    Refuses while workers are alive, unless ``beside_workers``: each of them and the rebuild would take the partition
    from the other, again and again. Raises StopError, StateError and LogUnavailableError.
    """
    if not beside_workers:
        asyncio.run(_refuse_beside_workers(config))
    chosen = range(config.partitions) if partitions is None else partitions
    return asyncio.run(_rebuild_all(config, chosen))


async def _refuse_beside_workers(config: WorkerConfig) -> None:
    asked = asyncio.to_thread(topics.live_members, config.kafka, config.group)
    members = await in_time(asked, f"asking {config.bootstrap} for the workers")
    if members:
        raise StopError(
            f"{members} workers of {config.name} are alive (consumer group {config.group}): stop them first; one that "
            f"was killed counts for another {config.session_timeout_seconds:g} s. --force rebuilds beside them"
        )


async def _rebuild_all(config: WorkerConfig, partitions: Sequence[int]) -> list[Rebuilt]:
    async with _ports(config, partitions) as ports:
        return [await _rebuild(config, partition, ports) for partition in partitions]


async def _rebuild(config: WorkerConfig, partition: int, ports: Ports) -> Rebuilt:
    engine = await claim(partition, work_of(config), ports, Observed(), rebuild=True)
    while engine.is_repeating:
        await ingest(engine)
    await relay(engine)
    customers = await ports.store.due(partition, 2**62, 10_000_000)
    return Rebuilt(partition, engine.committed_step, len(customers))


@asynccontextmanager
async def _ports(config: WorkerConfig, partitions: Sequence[int]) -> AsyncIterator[Ports]:
    """Yield the ports without a consumer group: these partitions, whoever has them."""
    store, outputs = RedisRepository(config.redis_url, config.name), KafkaOutputs(config)
    models = KafkaModels(config)
    consumer = AIOKafkaConsumer(
        **config.kafka, enable_auto_commit=False, auto_offset_reset="none", isolation_level="read_committed"
    )
    try:
        await in_time(consumer.start(), "starting a consumer")
        tps = [TopicPartition(config.topic_prefix + topic, p) for topic in INPUTS for p in partitions]
        consumer.assign(tps)
        consumer.pause(*tps)
        inputs = KafkaInputs(config, consumer)
        await models.start()
        yield Ports(store, inputs, outputs, models, asyncio.Lock, lambda: secrets.token_hex(8), config.wall_now)
    finally:
        await outputs.stop()
        await store.close()
        await models.stop()
        await _stop(consumer)


async def _stop(consumer: AIOKafkaConsumer) -> None:
    try:
        await at_most(10, consumer.stop())
    except (KafkaError, TimeoutError):
        return
