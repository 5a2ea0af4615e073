"""A replay along the journal from a real Kafka: beside a journal written here, and beside a real worker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from aiokafka import AIOKafkaProducer
from kafka import KafkaAdminClient, TopicPartition
from redis.asyncio import Redis

from schemas.topics import CHANGES, CONSENTS, JOURNAL, NUDGES, ORDERS, SUPPRESSIONS
from state.customer import decode_state, encode_state
from state.redis_repository import RedisRepository
from streams import topics
from tests.integration.commands import Done, tierline
from tests.integration.installation import Installation, as_bytes
from tests.journals import FakeLog, Worked, replayed, worked
from tests.logs import random_steps
from tests.product import Json
from tests.servers import KafkaServer

BEGIN_MS = 1_488_369_600_000
LATEST_MS = 1_750_000_000_000  # Kafka refuses timestamps of the future.
FILES = ("states", "changes", "nudges", "suppressions", "dead_letters")


def replay(*arguments: str, settings: Mapping[str, str]) -> Done:
    return tierline("replay", *arguments, settings=settings)


def without_erasures(steps: list[Json]) -> list[Json]:
    return [step for step in steps if "customer.erased" not in json.dumps(step)]


@pytest.fixture
def written(kafka: KafkaServer, unique_name: str) -> Written:
    made = Written(kafka.bootstrap, f"{unique_name}.", worked(*_program_and_steps(7), seed=7))
    specs = [*topics.specs(made.prefix, 1), *topics.input_specs(made.prefix, 1)]
    topics.create({"bootstrap_servers": kafka.bootstrap}, specs, 1)
    asyncio.run(made.write())
    return made


class Written(NamedTuple):
    """A partition's history in Kafka, as its worker would have left it."""

    bootstrap: str
    prefix: str
    done: Worked

    @property
    def settings(self) -> dict[str, str]:
        """No Redis is named."""
        return {"TIERLINE_KAFKA": self.bootstrap, "TIERLINE_TOPIC_PREFIX": self.prefix}

    async def write(self) -> None:
        """Send inputs, then each journal entry with its outputs in one transaction; some transactions are aborted."""
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, transactional_id=f"{self.prefix}relay")
        await producer.start()
        async with producer.transaction():
            for records in self.done.inputs.values():
                for record in records:
                    await self._send(producer, record.topic, record.key, record.value, record.timestamp_ms)
        for number, (entry, outputs) in enumerate(zip(self.done.entries, self.done.outputs, strict=True)):
            if number % 3 == 0:
                await producer.begin_transaction()
                await self._send(producer, JOURNAL, None, b"never committed", BEGIN_MS)
                await producer.abort_transaction()
            async with producer.transaction():
                await self._send(producer, JOURNAL, None, entry, BEGIN_MS)
                for output in outputs:
                    await producer.send(
                        self.prefix + output.topic, output.value, output.key, partition=0, headers=output.headers
                    )
        await producer.stop()

    async def _send(
        self, producer: AIOKafkaProducer, topic: str, key: bytes | None, value: bytes | None, at_ms: int
    ) -> None:
        await producer.send(self.prefix + topic, value, key, partition=0, timestamp_ms=at_ms)

    def delete_before(self, topic: str, offset: int) -> None:
        """Do what retention does."""
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        admin.delete_records({TopicPartition(self.prefix + topic, 0): offset})
        admin.close()


def _program_and_steps(seed: int) -> tuple[Json, list[Json]]:
    program, steps = random_steps(seed, length=500)
    return program, [step for step in without_erasures(steps) if 0 < _timestamp(step) < LATEST_MS]


def _timestamp(step: Json) -> int:
    record = step.get("record")
    return int(record["timestamp"]) if isinstance(record, dict) else BEGIN_MS


def test_from_kafka_alone_the_files_are_those_of_the_fold_in_memory(written: Written, tmp_path: Path) -> None:
    replayed(FakeLog(written.done), tmp_path / "memory")
    done = replay("--out", str(tmp_path / "kafka"), "--against-topics", "--json", settings=written.settings)
    assert (done.code, json.loads(done.out)["differences"]) == (0, 0), done.err
    for name in FILES:
        from_kafka, from_memory = (tmp_path / folder / f"{name}.jsonl" for folder in ("kafka", "memory"))
        assert from_kafka.read_bytes() == from_memory.read_bytes()
    assert json.loads(done.out)["steps"] == written.done.run.meta.step > 400


def test_a_nudge_sent_twice_is_a_difference(written: Written) -> None:
    async def send_again() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=written.bootstrap)
        await producer.start()
        again = next(output for output in written.done.published if output.topic == NUDGES)
        topic = written.prefix + NUDGES
        await producer.send_and_wait(topic, again.value, again.key, partition=0, headers=again.headers)
        await producer.stop()

    asyncio.run(send_again())
    done = replay("--against-topics", settings=written.settings)
    assert done.code == 1
    assert "loyalty.nudges.v1, number" in done.err
    assert "1 differences between the replay and what is live" in done.err


def test_outputs_that_retention_took_are_no_difference(written: Written) -> None:
    for topic in (NUDGES, SUPPRESSIONS, CHANGES):
        written.delete_before(topic, 3)
    assert replay("--against-topics", settings=written.settings).code == 0


@pytest.mark.parametrize(
    ("topic", "words"),
    [
        (ORDERS, "retail.orders.v1, partition 0, begins at offset 2 now, but the journal starts at 0: retention"),
        (CONSENTS, "retail.consents.v1, partition 0, begins at offset 2 now, but the journal starts at 0: retention"),
        (JOURNAL, "retention or somebody removed the first steps"),
    ],
)
def test_what_retention_took_of_the_history_is_one_message(
    topic: str, words: str, written: Written, tmp_path: Path
) -> None:
    written.delete_before(topic, 2 if topic != JOURNAL else 4)
    done = replay("--out", str(tmp_path / "out"), settings=written.settings)
    assert done.code == 1
    assert words in done.err
    assert list((tmp_path / "out").iterdir()) == []


def test_partitions_and_topics_that_are_not_there_are_named(written: Written, tmp_path: Path) -> None:
    out = ("--out", str(tmp_path / "out"))
    done = replay(*out, "--partitions", "1", settings=written.settings)
    assert (done.code, done.err.strip()) == (2, "Error: --partitions 1: the topics have partitions 0 to 0")
    done = replay(*out, settings={**written.settings, "TIERLINE_TOPIC_PREFIX": "nowhere."})
    assert done.code == 1
    assert "Kafka has no topic nowhere.loyalty.journal.v1" in done.err


def test_a_broker_that_is_down_is_one_message(tmp_path: Path) -> None:
    done = replay("--out", str(tmp_path), settings={"TIERLINE_KAFKA": "127.0.0.1:9"})
    assert (done.code, len(done.err.splitlines())) == (1, 1)
    assert "Kafka at 127.0.0.1:9 does not" in done.err


def without_redis(installation: Installation) -> dict[str, str]:
    return {name: value for name, value in installation.settings.items() if name != "TIERLINE_REDIS"}


def records_of(seeds: range) -> list[tuple[str, bytes, int, bytes]]:
    found: list[tuple[str, bytes, int, bytes]] = []
    for seed in seeds:
        for step in random_steps(seed, length=150)[1]:
            record = step.get("record")
            if isinstance(record, dict) and isinstance(record["value"], dict) and 0 < record["timestamp"] < LATEST_MS:
                value = record["value"] | {"customer_id": f"{record['value']['customer_id']} of {seed}"}
                key, encoded = as_bytes(value)
                found.append((str(record["topic"]), key, int(record["timestamp"]), encoded))
    return found


@pytest.mark.timeout(240)
async def test_a_worker_and_a_replay_of_its_journal_agree(installation: Installation, tmp_path: Path) -> None:
    installation.options = {"batch_records": 50, "program": random_steps(3)[0]}
    installation.start_worker()
    producing = asyncio.create_task(installation.produce(records_of(range(3, 9)), a_second=400))
    await installation.await_steps(100)
    # While the worker is still at it.
    kafka_alone = without_redis(installation)
    done = await asyncio.to_thread(replay, "--against-topics", "--json", settings=kafka_alone)
    assert (done.code, json.loads(done.out)["differences"]) == (0, 0), done.err
    await producing
    await installation.await_rest()
    arguments = ("--out", str(tmp_path / "out"), "--against-live", "--against-topics", "--json")
    done = await asyncio.to_thread(replay, *arguments, settings=installation.settings)
    found = json.loads(done.out)
    assert (done.code, found["differences"]) == (0, 0), done.err
    assert found["records"] == len(records_of(range(3, 9)))
    assert found["customers"] == len((tmp_path / "out" / "states.jsonl").read_text().splitlines()) > 5
    await _spoil(installation)
    done = await asyncio.to_thread(replay, "--against-live", settings=installation.settings)
    assert done.code == 1
    assert "state.spend_minor: replayed" in done.err


async def _spoil(installation: Installation) -> None:
    """Change one customer behind the worker's back."""
    repository = RedisRepository(installation.redis_url, installation.name)
    client = Redis.from_url(installation.redis_url)
    (customer_id, *_) = await repository.customers(0)
    key = f"{installation.name}:{{tl:0}}:c:{customer_id}"
    blob = await client.get(key)
    assert isinstance(blob, bytes)
    customer = decode_state(blob)
    customer.spend_minor += 1
    await client.set(key, encode_state(customer))
    await client.aclose()
    await repository.close()
