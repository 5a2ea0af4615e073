"""Real workers on a real Kafka and a real Valkey: kills, a store that goes back, and what an operator may get wrong."""

import asyncio
import json
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

import pytest

from schemas.instants import format_instant
from schemas.topics import CHANGES, CONSENTS, ORDERS
from state.meta import decode_meta
from state.redis_repository import RedisRepository
from streams.ports import StopError
from streams.rebuild import rebuild
from tests import builders
from tests.faults.flow import Flow
from tests.integration.installation import Installation, as_bytes
from tests.integration.moments import something_to_relay, soon, transactions_of
from tests.integration.shop import BEGIN_MS, a_shop
from tests.integration.worker_process import config_of
from tests.servers import KafkaServer, NewValkey


@pytest.mark.timeout(240)
async def test_ten_kills_lose_nothing_and_say_nothing_twice(
    installation: Installation, record_property: Callable[[str, object], None]
) -> None:
    installation.options = {"batch_records": 100}
    random = Random(7)
    workers = [installation.start_worker(), installation.start_worker()]
    flow = Flow(installation, partial(a_shop, seed=7), 20_000, a_second=1000)
    await installation.await_steps(500)
    async with transactions_of(installation) as is_one_open:
        for number in range(10):
            await asyncio.sleep(random.uniform(0.3, 1.2))
            if number % 2:
                await soon(is_one_open)
                killed = workers
            else:
                await something_to_relay(installation)
                await asyncio.sleep(random.uniform(0, 0.06))
                killed = [random.choice(workers)]
            for worker in killed:
                worker.signal_kill()
            for worker in killed:
                worker.kill()
                worker.start()
    flow.assert_flows()
    await flow.end()
    await installation.await_rest()
    assert [worker.terminate() for worker in workers] == [0, 0]
    assert await installation.assert_books() > 1000
    hit = {"open_transactions_hit": await installation.open_transactions_hit(), "gaps_hit": installation.gaps_hit()}
    for name, count in hit.items():
        record_property(name, count)
    assert sum(hit.values()) >= 1, "no kill came inside a transaction or behind one: this run shows less than it says"


@pytest.mark.timeout(180)
async def test_a_redis_that_goes_back_behind_the_journal_is_brought_up_to_it(
    kafka: KafkaServer, new_valkey: NewValkey, unique_name: str, tmp_path: Path
) -> None:
    server = new_valkey(aof="always")
    installation = Installation(unique_name, kafka.bootstrap, server.url, tmp_path)
    installation.create_topics()
    log = a_shop(3000, seed=11)
    try:
        worker = installation.start_worker()
        await installation.produce(log[:1500])
        await installation.await_rest()
        server.stop()
        shutil.copytree(server.folder, tmp_path / "older")
        server.start()
        await installation.produce(log[1500:])
        await installation.await_rest()
        reached = await steps_of(installation)
        server.stop()
        shutil.rmtree(server.folder / "appendonlydir")
        shutil.copytree(tmp_path / "older" / "appendonlydir", server.folder / "appendonlydir")
        worker.kill()
        server.start()
        went_back_to = await steps_of(installation)
        assert all(back < before for back, before in zip(went_back_to, reached, strict=True)), "it must have gone back"
        worker.start()
        await installation.await_rest()
        await asyncio.sleep(1.5)
        assert "journalled steps to repeat" in worker.said
        assert worker.terminate() == 0
        assert await installation.assert_books() > 100
    finally:
        installation.stop_workers()


async def steps_of(installation: Installation) -> list[int]:
    """Return the step that each partition's state has reached."""
    repository = RedisRepository(installation.redis_url, installation.name)
    metas = [await repository.meta(partition) for partition in range(installation.partitions)]
    await repository.close()
    return [decode_meta(meta).step if meta else 0 for meta in metas]


@pytest.fixture
def told(installation: Installation) -> Installation:
    """An installation whose workers are told something wrong; they give up soon."""
    installation.options = {"start_patience_seconds": 1}
    return installation


async def test_a_broker_that_is_down_at_the_start_is_named(told: Installation) -> None:
    told.kafka = "127.0.0.1:1"
    said = await told.refusal()
    assert "127.0.0.1:1" in said
    assert "Start it, or correct the address" in said


async def test_a_redis_that_is_down_at_the_start_is_named(told: Installation) -> None:
    told.redis_url = "redis://127.0.0.1:1/0"
    said = await told.refusal()
    assert "Redis at 127.0.0.1:1" in said
    assert "Start it, or correct the address" in said


async def test_missing_topics_are_named_with_the_command_that_makes_them(told: Installation) -> None:
    told.name += "-elsewhere"
    said = await told.refusal()
    assert "does not exist" in said
    assert "tierline topics create" in said


async def test_another_partition_count_is_refused(told: Installation) -> None:
    told.partitions = 3
    said = await told.refusal()
    assert "has 2 partitions, not 3" in said


async def test_a_redis_that_may_evict_is_refused(told: Installation, new_valkey: NewValkey) -> None:
    told.redis_url = new_valkey(options={"maxmemory": "64mb", "maxmemory-policy": "allkeys-lru"}).url
    assert "set maxmemory-policy to noeviction" in await told.refusal()


@pytest.mark.timeout(180)
async def test_an_empty_redis_beside_a_journal_is_refused_until_a_rebuild(
    installation: Installation, new_valkey: NewValkey
) -> None:
    worker = installation.start_worker()
    await installation.produce(a_shop(500, seed=3))
    await installation.await_rest()
    assert worker.terminate() == 0
    installation.redis_url = new_valkey().url
    said = await installation.refusal()
    assert "Redis holds nothing of partition" in said
    assert "tierline rebuild" in said
    rebuilt = await asyncio.to_thread(rebuild, config_of(installation.worker_options()))
    assert [one.partition for one in rebuilt] == [0, 1]
    await installation.await_rest()
    await installation.assert_books()


async def test_a_worker_stops_where_nearly_everything_is_bad(told: Installation) -> None:
    nonsense = [(ORDERS, b"c-%d" % number, BEGIN_MS, b"{}") for number in range(12_000)]
    await told.produce(nonsense)
    said = await told.refusal()
    assert "records are dead letters" in said
    assert "unknown_type" in said
    assert "TIERLINE_DEAD_LETTER_LIMIT=0" in said
    told.options["dead_letter_limit"] = 0
    worker = told.start_worker()
    await told.await_rest()
    assert worker.terminate() == 0


async def test_a_rebuild_beside_a_live_worker_is_refused_unless_forced(installation: Installation) -> None:
    worker = installation.start_worker()
    await installation.produce(a_shop(300, seed=9))
    await installation.await_rest()
    config = config_of(installation.worker_options())
    with pytest.raises(StopError, match=r"1 workers of .* are alive .*stop them first"):
        await asyncio.to_thread(rebuild, config)
    assert worker.terminate() == 0
    before = await steps_of(installation)
    rebuilt = await asyncio.to_thread(rebuild, config)
    assert [one.step for one in rebuilt] == before
    await installation.assert_books()


async def test_time_passes_by_the_wall_clock_while_nothing_arrives(installation: Installation) -> None:
    installation.options = {"clock": "wall", "tick_delay_seconds": 0}
    worker = installation.start_worker()
    await installation.await_steps(installation.partitions)
    now_ms = time.time_ns() // 1_000_000
    until_at = (now_ms + 5000) * 1000
    tier = builders.a_manual_tier("gold", format_instant(until_at), format_instant(now_ms * 1000))
    key, value = as_bytes(tier)
    await installation.produce([(CONSENTS, key, now_ms, value)])
    changes = await two_changes(installation)
    took_ms = time.time_ns() // 1_000_000 - until_at // 1000
    # An effect of time carries the moment at which it was due.
    assert changes == [("manual", "gold", changes[0][2]), ("time", "bronze", format_instant(until_at))]
    assert 0 <= took_ms < 8000
    assert worker.terminate() == 0
    await installation.assert_books()


async def two_changes(installation: Installation) -> list[tuple[str, str, str]]:
    """Wait until two tier changes are published; return what triggered them, the new tier, and when."""
    while True:
        records = [record for p in range(installation.partitions) for record in await installation.read(CHANGES, p)]
        if len(records) >= 2:
            bodies = [json.loads(record.value or b"") for record in records]
            return [(body["trigger"]["kind"], body["to"], body["at"]) for body in bodies]
        await asyncio.sleep(0.2)
