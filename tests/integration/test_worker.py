"""Real workers on a real Kafka and a real Valkey: kills, a store that goes back, and what an operator may get wrong."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from schemas.instants import format_instant
from schemas.topics import CONSENTS, ORDERS
from state.meta import decode_meta
from state.redis_repository import RedisRepository
from streams.rebuild import rebuild
from tests import builders
from tests.integration.installation import Installation, as_bytes
from tests.integration.worker_process import config_of
from tests.servers import KafkaServer, NewValkey, ValkeyServer

BEGIN_MS = 1_488_000_000_000
Record = tuple[str, bytes, int, bytes]


def a_shop(orders: int, seed: int, customers: int = 1500, redelivered: float = 0.15) -> list[Record]:
    """Return orders, some refunds and redeliveries, and consents; their timestamps do not rise."""
    random, records = Random(seed), []
    placed: list[Record] = []
    for number in range(orders):
        at_ms = BEGIN_MS + number * 200_000 - random.randrange(3_600_000)
        when = format_instant((at_ms - random.randrange(7_200_000)) * 1000)
        customer_id = f"c-{random.randrange(customers)}"
        if random.random() < 0.05 or number < customers // 20:
            key, value = as_bytes(builders.a_consent(random.random() < 0.9, when, customer_id=customer_id))
            records.append((CONSENTS, key, at_ms, value))
        if placed and random.random() < redelivered:
            _, key, _, value = random.choice(placed[-500:])
            records.append((ORDERS, key, at_ms, value))
        if placed and random.random() < 0.04:
            _, key, _, value = random.choice(placed[-500:])
            order = json.loads(value)
            refund = builders.a_refund(f"r-{number}", order["order_id"], "7.00", when, customer_id=key.decode())
            records.append((ORDERS, key, at_ms, as_bytes(refund)[1]))
        amount = f"{random.randrange(5, 120)}.{random.randrange(100):02d}"
        key, value = as_bytes(builders.an_order(f"o-{number}", amount, when, customer_id=customer_id))
        placed.append((ORDERS, key, at_ms, value))
        records.append(placed[-1])
    return records


@pytest.fixture
def installation(kafka: KafkaServer, valkey: ValkeyServer, unique_name: str, tmp_path: Path) -> Iterator[Installation]:
    made = Installation(unique_name, kafka.bootstrap, valkey.url, tmp_path)
    made.create_topics()
    yield made
    made.stop_workers()


@pytest.mark.timeout(240)
async def test_ten_kills_lose_nothing_and_say_nothing_twice(installation: Installation) -> None:
    installation.options = {"batch_records": 100}
    random = Random(7)
    workers = [installation.start_worker(), installation.start_worker()]
    producing = asyncio.create_task(installation.produce(a_shop(20_000, seed=7), a_second=1500))
    await asyncio.sleep(4)
    for _ in range(10):
        await asyncio.sleep(random.uniform(0.3, 1.5))
        worker = random.choice(workers)
        worker.kill()
        worker.start()
    await producing
    await installation.await_rest()
    assert [worker.terminate() for worker in workers] == [0, 0]
    assert await installation.assert_books() > 1000


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


async def refusal(installation: Installation) -> str:
    """Start a worker that must refuse, and return its one line."""
    worker = installation.start_worker()
    assert worker.process is not None
    assert await asyncio.to_thread(worker.process.wait, 40) == 1, worker.said
    assert "Traceback" not in worker.said
    lines = [line for line in worker.said.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, worker.said
    return lines[0]


async def test_a_broker_that_is_down_at_the_start_is_named(told: Installation) -> None:
    told.kafka = "127.0.0.1:1"
    said = await refusal(told)
    assert "127.0.0.1:1" in said
    assert "Start it, or correct the address" in said


async def test_a_redis_that_is_down_at_the_start_is_named(told: Installation) -> None:
    told.redis_url = "redis://127.0.0.1:1/0"
    said = await refusal(told)
    assert "Redis at 127.0.0.1:1" in said
    assert "Start it, or correct the address" in said


async def test_missing_topics_are_named_with_the_command_that_makes_them(told: Installation) -> None:
    told.name += "-elsewhere"
    said = await refusal(told)
    assert "does not exist" in said
    assert "tierline topics create" in said


async def test_another_partition_count_is_refused(told: Installation) -> None:
    told.partitions = 3
    said = await refusal(told)
    assert "has 2 partitions, not 3" in said


async def test_a_redis_that_may_evict_is_refused(told: Installation, new_valkey: NewValkey) -> None:
    told.redis_url = new_valkey(options={"maxmemory": "64mb", "maxmemory-policy": "allkeys-lru"}).url
    assert "set maxmemory-policy to noeviction" in await refusal(told)


@pytest.mark.timeout(180)
async def test_an_empty_redis_beside_a_journal_is_refused_until_a_rebuild(
    installation: Installation, new_valkey: NewValkey
) -> None:
    worker = installation.start_worker()
    await installation.produce(a_shop(500, seed=3))
    await installation.await_rest()
    assert worker.terminate() == 0
    installation.redis_url = new_valkey().url
    said = await refusal(installation)
    assert "Redis holds nothing of partition" in said
    assert "tierline rebuild" in said
    rebuilt = await asyncio.to_thread(rebuild, config_of(installation.worker_options()))
    assert [one.partition for one in rebuilt] == [0, 1]
    await installation.await_rest()
    await installation.assert_books()
