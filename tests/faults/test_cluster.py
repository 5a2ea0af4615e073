"""Redis Cluster: a primary dies and its replica takes over by itself; a slot is moved while orders flow."""

import asyncio
from functools import partial
from pathlib import Path

import pytest
import redis

from tests.faults.conftest import Happened, NewInstallation
from tests.faults.size import at_size
from tests.faults.watching import settled, until
from tests.integration.installation import Installation
from tests.integration.shop import a_shop
from tests.valkey_cluster import ValkeyCluster, a_cluster, key_slot_of
from tierline.embedded import EmbeddedValkey

ORDERS = at_size(5_000, 40_000)
FAILOVERS = at_size(1, 3)
PARTITIONS = 4
"""Their slots lie on all of three primaries."""
KEYS_MIN = 200
PAUSE_SECONDS = 3.0


@pytest.mark.timeout(at_size(240, 600))
async def test_a_replica_takes_over_and_partitions_follow_it(
    new_installation: NewInstallation, tmp_path: Path, happened: Happened
) -> None:
    with a_cluster(tmp_path, with_replicas=True) as cluster:
        shop = new_installation(redis_url=cluster.url, partitions=PARTITIONS, batch_records=50)
        for _ in range(2):
            shop.start_worker()
        producing = asyncio.create_task(shop.produce(a_shop(ORDERS, seed=61), a_second=500))
        await shop.await_steps(300)
        took_over = []
        for number in range(FAILOVERS):
            before = await _holder(cluster, shop, partition=number)
            before.kill()
            await until(partial(_is_held, cluster, shop, number), "a replica took over", 60)
            took_over.append((before.port, (await _holder(cluster, shop, number)).port))
            await shop.await_steps(300 * (number + 2))
            before.start()
            await until(partial(_is_replica, before), "who was killed is a replica now", 60)
        await producing
        outputs = await settled(shop)
    happened("took_over", len(took_over))
    assert outputs > 500
    assert all(before != after for before, after in took_over)


@pytest.mark.timeout(at_size(240, 600))
async def test_a_slot_that_is_moved_key_by_key_stops_its_partition_until_it_is_whole(
    new_installation: NewInstallation, tmp_path: Path, happened: Happened
) -> None:
    with a_cluster(tmp_path) as cluster:
        shop = new_installation(redis_url=cluster.url, partitions=PARTITIONS, batch_records=50)
        for _ in range(2):
            shop.start_worker()
        producing = asyncio.create_task(shop.produce(a_shop(ORDERS, seed=67), a_second=500))
        source, slot = await _holder(cluster, shop, partition=0), key_slot_of(_meta(shop, 0))
        target = next(server for server in cluster.servers if server is not source)
        await until(partial(_has_keys, cluster, slot, source), f"{KEYS_MIN} keys of the partition are there", 90)
        moved = await asyncio.to_thread(cluster.move_slot, slot, source, target, PAUSE_SECONDS)
        assert await _holder(cluster, shop, partition=0) is target
        await producing
        outputs = await settled(shop)
    waited = sum(worker.said.count("is being moved to another server") for worker in shop.workers)
    happened("keys_moved", moved)
    happened("calls_that_waited", waited)
    assert outputs > 500
    assert moved >= KEYS_MIN
    assert waited >= 1


def _meta(shop: Installation, partition: int) -> str:
    return f"{shop.name}:{{tl:{partition}}}:meta"


async def _holder(cluster: ValkeyCluster, shop: Installation, partition: int) -> EmbeddedValkey:
    return await asyncio.to_thread(cluster.holder, _meta(shop, partition))


async def _has_keys(cluster: ValkeyCluster, slot: int, server: EmbeddedValkey) -> bool:
    return await asyncio.to_thread(cluster.keys_in, slot, server) >= KEYS_MIN


async def _is_held(cluster: ValkeyCluster, shop: Installation, partition: int) -> bool:
    try:
        await _holder(cluster, shop, partition)
    except AssertionError:
        return False
    return True


async def _is_replica(server: EmbeddedValkey) -> bool:
    with redis.Redis(port=server.port) as client:
        return str((await asyncio.to_thread(client.info, "replication"))["role"]) == "slave"
