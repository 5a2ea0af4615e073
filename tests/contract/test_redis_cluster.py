"""What is special where the store is a Redis Cluster, or a server that cannot write for the time being."""

import asyncio
import secrets
from pathlib import Path

import pytest
import redis

from state.changes import Said
from state.redis_repository import RedisRepository
from state.store import StoreRefusedError, Wanted, Write
from tests.servers import NewValkey
from tests.valkey_cluster import ValkeyCluster, a_cluster, key_slot_of

P = 3
PARTITIONS = range(8)


async def _commit(repository: RedisRepository, partition: int, step: int, token: str, new: str) -> None:
    said = [Said(step, 0, "c-1", b"%d" % step)]
    assert await repository.commit(partition, token, new, Write(b"m", step, {"c-1": b"x"}, said=said))


async def test_any_one_server_leads_to_all_of_them(valkey_cluster: ValkeyCluster) -> None:
    name = f"test-{secrets.token_hex(6)}"
    for server in valkey_cluster.servers:
        repository = RedisRepository(server.url, name)
        for partition in PARTITIONS:
            await repository.claim(partition, f"{server.port}-{partition}")
        assert await repository.token(5) == f"{server.port}-5"
        await repository.close()
    holders = {valkey_cluster.holder(f"{name}:{{tl:{partition}}}:meta").port for partition in PARTITIONS}
    assert len(holders) == len(valkey_cluster.servers)


async def test_pages_hear_of_every_partition_wherever_it_is(valkey_cluster: ValkeyCluster) -> None:
    name = f"test-{secrets.token_hex(6)}"
    writer, reader = RedisRepository(valkey_cluster.url, name), RedisRepository(valkey_cluster.url, name)
    for partition in PARTITIONS:
        await writer.claim(partition, "t1")
    places = dict.fromkeys(PARTITIONS, (0, 0))
    assert await reader.await_live(places, {}, 50) == []
    listening = asyncio.create_task(reader.await_live(places, {}, 4000))
    await asyncio.sleep(0.2)
    await _commit(writer, 4, 7, "t1", "t2")
    heard = await asyncio.wait_for(listening, 2)
    assert [(entry.partition, entry.place, entry.body) for entry in heard] == [(4, (7, 0), b"7")]
    for partition in (0, 3):
        await _commit(writer, partition, 2, "t1", "t2")
    places[4] = (7, 0)
    heard = []
    while len(heard) < 2:
        heard += await asyncio.wait_for(reader.await_live(places, {}, 1000), 2)
        places |= {entry.partition: entry.place for entry in heard}
    assert sorted((entry.partition, entry.place) for entry in heard) == [(0, (2, 0)), (3, (2, 0))]
    await writer.close()
    await reader.close()


async def test_while_a_slot_is_on_two_servers_nothing_of_it_is_written(tmp_path: Path) -> None:
    with a_cluster(tmp_path) as cluster:
        repository = RedisRepository(cluster.url, "moved")
        customers = {f"c-{number}": b"before" for number in range(40)}
        await repository.claim(P, "t1")
        assert await repository.commit(P, "t1", "t2", Write(b"before", 1, customers))
        slot = key_slot_of(f"moved:{{tl:{P}}}:meta")
        source = cluster.holder(f"moved:{{tl:{P}}}:meta")
        target = next(server for server in cluster.servers if server is not source)
        cluster.begin_move(slot, source, target)
        states = dict.fromkeys(customers, b"after")
        with pytest.raises(StoreRefusedError, match="slot of this partition is being moved"):
            await repository.commit(P, "t2", "t3", Write(b"after", 2, states, {"c-1": {"o:new": b"1"}}))
        with redis.Redis(port=source.port) as client:
            assert client.get(f"moved:{{tl:{P}}}:c:c-1") == b"before", "a part of a commit was written"
        assert cluster.end_move(slot, source, target) > len(customers)
        assert await repository.token(P) == "t2"
        assert await repository.commit(P, "t2", "t3", Write(b"after", 2, states, {"c-1": {"o:new": b"1"}}))
        assert (await repository.load(P, Wanted(["c-1"]))).states == {"c-1": b"after"}
        await repository.close()


async def test_a_server_that_waits_for_replicas_refuses_and_nothing_is_lost(new_valkey: NewValkey) -> None:
    server = new_valkey(options={"min-replicas-to-write": "1"})
    repository = RedisRepository(server.url)
    with pytest.raises(StoreRefusedError, match=r"takes no writes now: NOREPLICAS"):
        await repository.claim(P, "t1")
    with redis.Redis(port=server.port) as client:
        client.config_set("min-replicas-to-write", 0)
    assert (await repository.claim(P, "t1")).meta is None
    await repository.close()
