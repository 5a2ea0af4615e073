"""Servers that go away and come back, topics that are not as they were: workers go on, or say what to do."""

import asyncio
import time
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.structs import TopicPartition

from schemas.instants import format_instant
from schemas.topics import JOURNAL, ORDERS
from streams import topics
from tests.integration.installation import Installation
from tests.integration.shop import BEGIN_MS, a_shop
from tests.servers import KafkaServer, NewKafka, NewValkey, ValkeyServer


@pytest.fixture
def worker_options() -> dict[str, object]:
    return {"start_patience_seconds": 1}


async def some_history(installation: Installation, orders: int = 300) -> None:
    """Let a worker take some orders and end in peace."""
    worker = installation.start_worker()
    await installation.produce(a_shop(orders, seed=5))
    await installation.await_rest()
    assert worker.terminate() == 0


@pytest.mark.timeout(180)
@pytest.mark.parametrize("how", ["kill", "stop"])
async def test_a_broker_that_goes_away_and_comes_back_costs_time_only(
    new_kafka: NewKafka, valkey: ValkeyServer, unique_name: str, tmp_path: Path, how: str
) -> None:
    broker = new_kafka()
    installation = Installation(unique_name, broker.bootstrap, valkey.url, tmp_path)
    installation.create_topics()
    log = a_shop(3000, seed=21)
    try:
        workers = [installation.start_worker(), installation.start_worker()]
        await installation.produce(log[:1500])
        await installation.await_rest()
        producing = asyncio.create_task(installation.produce(log[1500:], a_second=400))
        await asyncio.sleep(1)
        await asyncio.to_thread(broker.kill if how == "kill" else broker.stop)
        await asyncio.sleep(3)
        await asyncio.to_thread(broker.start)
        await producing
        await installation.await_rest(60)
        assert [worker.terminate() for worker in workers] == [0, 0]
        assert await installation.assert_books() > 100
        for worker in workers:
            assert "Traceback" not in worker.said
            assert len(worker.said.splitlines()) < 150, "what a library repeats is logged seldom"
    finally:
        installation.stop_workers()


@pytest.mark.timeout(180)
async def test_a_broker_that_goes_away_while_a_worker_starts_is_waited_for(
    new_kafka: NewKafka, valkey: ValkeyServer, unique_name: str, tmp_path: Path
) -> None:
    broker = new_kafka()
    installation = Installation(unique_name, broker.bootstrap, valkey.url, tmp_path)
    installation.create_topics()
    try:
        await installation.produce(a_shop(200, seed=24))
        worker = installation.start_worker()
        await asyncio.to_thread(broker.stop)
        await asyncio.sleep(4)
        await asyncio.to_thread(broker.start)
        await installation.await_rest(60)
        assert worker.terminate() == 0
        assert await installation.assert_books() > 0
    finally:
        installation.stop_workers()


@pytest.mark.timeout(180)
async def test_a_worker_ends_in_order_while_the_broker_is_down(
    new_kafka: NewKafka, valkey: ValkeyServer, unique_name: str, tmp_path: Path
) -> None:
    broker = new_kafka()
    installation = Installation(unique_name, broker.bootstrap, valkey.url, tmp_path)
    installation.create_topics()
    try:
        worker = installation.start_worker()
        await installation.produce(a_shop(200, seed=22))
        await installation.await_rest()
        broker.kill()
        await asyncio.sleep(2)
        assert await asyncio.to_thread(worker.terminate, 15) == 0
        assert "Traceback" not in worker.said
    finally:
        installation.stop_workers()


@pytest.mark.timeout(180)
async def test_a_redis_that_is_killed_and_comes_back_costs_time_only(
    kafka: KafkaServer, new_valkey: NewValkey, unique_name: str, tmp_path: Path
) -> None:
    server = new_valkey(aof="everysec")
    installation = Installation(unique_name, kafka.bootstrap, server.url, tmp_path)
    installation.create_topics()
    try:
        workers = [installation.start_worker(), installation.start_worker()]
        producing = asyncio.create_task(installation.produce(a_shop(3000, seed=23), a_second=500))
        await asyncio.sleep(3)
        for _ in range(2):
            await asyncio.to_thread(server.kill)
            await asyncio.sleep(1)
            await asyncio.to_thread(server.start)
            await asyncio.sleep(1)
        await producing
        await installation.await_rest(60)
        assert [worker.terminate() for worker in workers] == [0, 0]
        assert await installation.assert_books() > 100
        assert all("Traceback" not in worker.said for worker in workers)
    finally:
        installation.stop_workers()


async def test_topics_that_are_not_co_partitioned_are_refused(installation: Installation) -> None:
    installation.name += "-torn"
    partitions = {ORDERS: 3}
    specs = [*topics.specs(installation.prefix, 2), *topics.input_specs(installation.prefix, 2)]
    for spec in specs:
        count = partitions.get(spec.name.removeprefix(installation.prefix), spec.partitions)
        topics.create({"bootstrap_servers": installation.kafka}, [topics.TopicSpec(spec.name, count, spec.settings)], 1)
    said = await installation.refusal()
    assert f"topic {installation.prefix}{ORDERS} has 3 partitions, not 2" in said
    assert "All topics need the same count" in said


async def test_a_topic_made_anew_is_refused(installation: Installation) -> None:
    await some_history(installation)
    make_anew(installation, ORDERS)
    said = await installation.refusal()
    assert f"topic {ORDERS} was deleted and created again" in said
    assert "another TIERLINE_NAME" in said


async def test_a_journal_made_anew_is_refused(installation: Installation) -> None:
    await some_history(installation)
    make_anew(installation, JOURNAL)
    said = await installation.refusal()
    assert f"the journal topic {installation.prefix}{JOURNAL} partition" in said
    assert "it lost records" in said


async def test_input_that_retention_removed_before_it_was_read_is_refused(installation: Installation) -> None:
    await some_history(installation)
    await installation.produce(a_shop(300, seed=6))
    cut_to_end(installation)
    said = await installation.refusal()
    assert f"topic {installation.prefix}{ORDERS} partition" in said
    assert "retention removed records that were never read" in said


@pytest.mark.timeout(180)
async def test_a_first_start_on_a_topic_that_lost_its_beginning_must_be_told_where(installation: Installation) -> None:
    await installation.produce(a_shop(300, seed=6))
    cut_to_end(installation)
    log = a_shop(600, seed=7)
    await installation.produce(log)
    said = await installation.refusal()
    assert "does not begin at offset 0" in said
    assert "`--from earliest` or `--from INSTANT`" in said
    installation.options["start_from"] = "earliest"
    worker = installation.start_worker()
    await installation.await_rest()
    assert worker.terminate() == 0
    await installation.assert_books()


async def test_a_first_start_from_an_instant_takes_nothing_older(installation: Installation) -> None:
    log = a_shop(600, seed=8)
    await installation.produce(log)
    from_ms = BEGIN_MS + 300 * 200_000
    installation.options["start_from"] = from_ms * 1000
    worker = installation.start_worker()
    await installation.await_rest()
    assert worker.terminate() == 0
    taken = [step.count for p in range(2) for step in await installation.journal(p) if hasattr(step, "count")]
    assert 0 < sum(taken) < len(log), f"from {format_instant(from_ms * 1000)}"
    await installation.assert_books()


def make_anew(installation: Installation, topic: str) -> None:
    """Delete the topic and create it again under its old name."""
    options = {"bootstrap_servers": installation.kafka}
    admin = KafkaAdminClient(**options)
    admin.delete_topics([installation.prefix + topic])
    admin.close()
    gives_up_at = time.monotonic() + 20
    while installation.prefix + topic in topics.topic_ids(options, [installation.prefix + topic]):
        assert time.monotonic() < gives_up_at
        time.sleep(0.2)
    installation.create_topics()


def cut_to_end(installation: Installation) -> None:
    """Remove every order, as retention would."""
    admin = KafkaAdminClient(bootstrap_servers=installation.kafka)
    places = [TopicPartition(installation.prefix + ORDERS, p) for p in range(installation.partitions)]
    admin.delete_records(dict.fromkeys(places, -1))
    admin.close()
