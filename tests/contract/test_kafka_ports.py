"""What inputs, outputs and journal must promise: one suite, on the simulation's fake and on a real Kafka."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.program import Program
from schemas.record import LogRecord
from schemas.topics import CONSENTS, INPUTS, NUDGES, ORDERS
from state.outputs import Output
from streams import topics
from streams.kafka_inputs import KafkaInputs
from streams.kafka_outputs import KafkaOutputs
from streams.ports import InputLog, LostClaimError, OutputLog, Publication
from streams.worker_config import WorkerConfig
from tests.servers import KafkaServer
from tests.simulation.fake_kafka import FakeInputs, FakeKafka, FakeOutputs

P = 0
SAID = Output(NUDGES, b"c-1", b"{}", [("ce_id", b"1")])


@dataclass
class Ports:
    """Both ports of one worker; `outputs_of_another` are those of a second one."""

    inputs: InputLog
    outputs: OutputLog
    outputs_of_another: OutputLog
    append: Callable[[str, Sequence[bytes]], Awaitable[None]]
    reading: int = 0

    async def fetched(self, topic: str, count: int) -> list[LogRecord]:
        """Fetch until so many are here; the other topics are asked too, as ingest does."""
        found: list[LogRecord] = []
        gives_up_at = time.monotonic() + 20
        while len(found) < count:
            assert time.monotonic() < gives_up_at
            found += await self.inputs.fetch(P, topic, 100, self.reading)
            if len(found) < count:
                await self.inputs.wait(P, 50, 100)
        return found


@pytest.fixture(params=["fake", "real"])
async def ports(request: pytest.FixtureRequest, unique_name: str) -> AsyncIterator[Ports]:
    if request.param == "fake":
        yield _fake()
        return
    server: KafkaServer = request.getfixturevalue("kafka")
    config = WorkerConfig(
        kafka={"bootstrap_servers": server.bootstrap}, redis_url="", program=Program(), wall_now=_wall_now,
        name=unique_name, topic_prefix=f"{unique_name}.", partitions=1,
    )  # fmt: skip
    topics.create(config.kafka, [*topics.specs(config.topic_prefix, 1), *topics.input_specs(config.topic_prefix, 1)], 1)
    consumer = AIOKafkaConsumer(**config.kafka, enable_auto_commit=False, auto_offset_reset="none")
    producer = AIOKafkaProducer(**config.kafka)
    await consumer.start()
    await producer.start()
    consumer.assign([TopicPartition(config.topic_prefix + topic, P) for topic in INPUTS])

    async def append(topic: str, values: Sequence[bytes]) -> None:
        for value in values:
            await producer.send_and_wait(config.topic_prefix + topic, value, b"c-1", P, 1_488_000_000_000)

    outputs, another = KafkaOutputs(config), KafkaOutputs(config)
    yield Ports(KafkaInputs(config, consumer), outputs, another, append)
    await asyncio.gather(outputs.stop(), another.stop(), producer.stop(), consumer.stop())
    # aiokafka never looks at why a fenced batch was not drained, and asyncio says so when the batch is collected: here,
    # not in the middle of somebody else's test.
    gc.collect()


async def test_what_is_sought_is_fetched_in_order(ports: Ports) -> None:
    await ports.append(ORDERS, [b"0", b"1", b"2", b"3"])
    _seek(ports, 1)
    records = await ports.fetched(ORDERS, 3)
    assert [(r.topic, r.partition, r.offset, r.key, r.value) for r in records] == [
        (ORDERS, P, n, b"c-1", b"%d" % n) for n in (1, 2, 3)
    ]
    _seek(ports, 3)
    assert [record.value for record in await ports.fetched(ORDERS, 1)] == [b"3"]


async def test_no_more_is_fetched_than_asked_for(ports: Ports) -> None:
    await ports.append(ORDERS, [b"0", b"1", b"2"])
    _seek(ports, 0)
    found: list[LogRecord] = []
    while len(found) < 3:
        some = await ports.inputs.fetch(P, ORDERS, 2, ports.reading)
        assert len(some) <= 2
        found += some
        await ports.inputs.wait(P, 50, 2)
    assert [record.offset for record in found] == [0, 1, 2]


async def test_a_forgotten_reader_takes_nothing_from_the_one_after_it(ports: Ports) -> None:
    await ports.append(ORDERS, [b"0", b"1", b"2"])
    _seek(ports, 0)
    forgotten = ports.reading
    await ports.inputs.wait(P, 2000, 100)
    _seek(ports, 0)
    for _ in range(20):
        with pytest.raises(LostClaimError):
            await ports.inputs.fetch(P, ORDERS, 100, forgotten)
        await ports.inputs.wait(P, 50, 100)
    assert [record.offset for record in await ports.fetched(ORDERS, 3)] == [0, 1, 2]


async def test_a_topic_is_caught_up_only_when_its_end_was_seen(ports: Ports) -> None:
    await ports.append(ORDERS, [b"0"])
    _seek(ports, 0)
    assert ports.inputs.caught_up_at(P, ORDERS) is None
    assert ports.inputs.caught_up_at(P, CONSENTS) is None
    await ports.fetched(ORDERS, 1)
    gives_up_at = time.monotonic() + 20
    while ports.inputs.caught_up_at(P, ORDERS) is None or ports.inputs.caught_up_at(P, CONSENTS) is None:
        assert time.monotonic() < gives_up_at
        for topic in INPUTS:
            assert not await ports.inputs.fetch(P, topic, 100, ports.reading)
        await ports.inputs.wait(P, 50, 100)
    seen_at = ports.inputs.caught_up_at(P, ORDERS)
    assert seen_at is not None
    assert 0 <= _wall_now() - seen_at < 3_000_000


async def test_topics_have_lasting_ids_and_begin_at_0(ports: Ports) -> None:
    ids = await ports.inputs.topic_ids()
    assert set(ids) == set(INPUTS)
    assert len(set(ids.values())) == len(INPUTS)
    assert await ports.inputs.topic_ids() == ids
    assert await ports.inputs.first_offsets(P) == dict.fromkeys(INPUTS, 0)


async def test_what_is_published_stands_in_the_journal_in_order(ports: Ports) -> None:
    await ports.outputs.start(P)
    assert (await ports.outputs.read_journal(P, 0)).entries == []
    after_two = await ports.outputs.publish(P, [Publication(b"one", [SAID]), Publication(b"two", [])])
    await ports.outputs.publish(P, [Publication(b"three", [SAID, SAID])])
    tail = await ports.outputs.read_journal(P, 0)
    assert [value for _, value in tail.entries] == [b"one", b"two", b"three"]
    assert all(offset < tail.end for offset, _ in tail.entries)
    rest = await ports.outputs.read_journal(P, after_two)
    assert [value for _, value in rest.entries] == [b"three"]
    assert (await ports.outputs.read_journal(P, tail.end)).entries == []


async def test_who_starts_later_fences_who_started_before(ports: Ports) -> None:
    await ports.outputs.start(P)
    await ports.outputs.publish(P, [Publication(b"one", [])])
    await ports.outputs_of_another.start(P)
    with pytest.raises(LostClaimError):
        await ports.outputs.publish(P, [Publication(b"of a zombie", [SAID])])
    await ports.outputs_of_another.publish(P, [Publication(b"two", [])])
    tail = await ports.outputs_of_another.read_journal(P, 0)
    assert [value for _, value in tail.entries] == [b"one", b"two"]


def _fake() -> Ports:
    async def pause(where: str) -> None:
        await asyncio.sleep(0)

    async def append(topic: str, values: Sequence[bytes]) -> None:
        log = cluster.inputs[topic]
        for value in values:
            log.append(LogRecord(topic, P, len(log), 1_488_000_000_000, b"c-1", value, ()))

    cluster = FakeKafka()
    inputs = FakeInputs(cluster, pause, Random(1), _wall_now)
    inputs.is_calm = True
    return Ports(inputs, FakeOutputs(cluster, pause), FakeOutputs(cluster, pause), append)


def _seek(ports: Ports, offset: int) -> None:
    ports.reading = ports.inputs.begin(P, {ORDERS: offset, CONSENTS: 0})


def _wall_now() -> int:
    return time.time_ns() // 1000
