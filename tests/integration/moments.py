"""The moments at which a kill tells most: inside a transaction, or behind one."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.topics import JOURNAL
from state.redis_repository import RedisRepository
from tests.integration.installation import Installation

GIVES_UP_SECONDS = 90
"""A worker that was killed may have to start first, beside everything else that runs."""


@asynccontextmanager
async def transactions_of(installation: Installation) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    """Yield what tells whether a transaction is open: the journal has an end that committed readers do not see yet."""
    tps = [TopicPartition(installation.prefix + JOURNAL, partition) for partition in range(installation.partitions)]
    written, committed = (
        AIOKafkaConsumer(bootstrap_servers=installation.kafka, isolation_level=level)
        for level in ("read_uncommitted", "read_committed")
    )
    await written.start()
    await committed.start()

    async def is_one_open() -> bool:
        # Asked in this order: what is committed in between only makes the ends equal.
        ends = await written.end_offsets(tps)
        stable = await committed.end_offsets(tps)
        return any(stable[tp] < ends[tp] for tp in tps)

    yield is_one_open
    await written.stop()
    await committed.stop()


async def soon(is_true: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it is so."""
    gives_up_at = time.monotonic() + GIVES_UP_SECONDS
    while not await is_true():
        assert time.monotonic() < gives_up_at, "it never was"
        await asyncio.sleep(0.001)


async def something_to_relay(installation: Installation) -> None:
    """Wait until an outbox holds something: a kill then likely hits a transaction, or the gap behind it."""
    repository = RedisRepository(installation.redis_url, installation.name)
    gives_up_at = time.monotonic() + GIVES_UP_SECONDS
    while not any([(await repository.peek(p, 1)).entries for p in range(installation.partitions)]):
        assert time.monotonic() < gives_up_at, "nothing is said any more"
        await asyncio.sleep(0.002)
    await repository.close()
