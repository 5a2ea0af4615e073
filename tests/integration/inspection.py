"""What Redis holds of an installation, for tests that look at it from outside."""

from __future__ import annotations

import asyncio

from state.customer import decode_state
from state.meta import PartitionMeta, decode_meta
from state.read_model import read_model
from state.redis_repository import RedisRepository
from state.store import Wanted
from tests.builders import Json
from tests.integration.installation import Installation


async def views_of(installation: Installation, partition: int) -> dict[str, Json]:
    """Return the read models of what Redis holds, with `source` as the oracle has it."""
    meta = await meta_of(installation, partition)
    repository = RedisRepository(installation.redis_url, installation.name)
    stored = await repository.load(partition, Wanted(await repository.customers(partition, limit=1000)))
    await repository.close()
    states = [decode_state(blob) for blob in stored.states.values() if blob is not None]
    views = {one.customer_id: read_model(one, meta.programs(), meta.clock_at) for one in states}
    for view in views.values():
        assert isinstance(view["source"], dict)
        view["source"].pop("topic")
    return views


async def meta_of(installation: Installation, partition: int) -> PartitionMeta:
    """Return what the partition knows of itself."""
    repository = RedisRepository(installation.redis_url, installation.name)
    blob = await repository.meta(partition)
    await repository.close()
    assert blob is not None
    return decode_meta(blob)


async def until_in_force(installation: Installation, version: int) -> None:
    """Wait until every partition has adopted the version and swept its customers."""
    while True:
        metas = [await meta_of(installation, partition) for partition in range(installation.partitions)]
        programs = [meta.programs() for meta in metas]
        if all(one.current.version == version and one.previous is None for one in programs):
            return
        await asyncio.sleep(0.2)
