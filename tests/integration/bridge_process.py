"""`tierline import --from-topic` as a child process, and what it finds and leaves on topics."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.topics import ORDERS
from streams import topics
from tests.builders import Json
from tests.integration.installation import Installation

ROOT = Path(__file__).parents[2]
MAPPING = ROOT / "examples" / "shop_events.mapping.yaml"
RUNNING: list[subprocess.Popen[str]] = []


def environment_of(installation: Installation) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("TIERLINE_")} | {
        "TIERLINE_KAFKA": installation.kafka,
        "TIERLINE_TOPIC_PREFIX": installation.prefix,
        "TIERLINE_SESSION_TIMEOUT_SECONDS": "2",
    }


def start(installation: Installation, foreign: str, group: str, *more: str) -> subprocess.Popen[str]:
    bridge = subprocess.Popen(
        [sys.executable, "-m", "tierline.cli", "import", "--from-topic", foreign, "--group",
         f"{installation.name}-{group}", "--mapping", str(MAPPING), "--json", *more],
        cwd=ROOT, env=environment_of(installation), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    RUNNING.append(bridge)
    return bridge


def ended(bridge: subprocess.Popen[str]) -> Json:
    """Ask it to end; return what it counted."""
    assert bridge.stderr is not None
    while "bridge started" not in bridge.stderr.readline():
        assert bridge.poll() is None, "it ended before it began"
    bridge.send_signal(signal.SIGTERM)
    out, said = bridge.communicate(timeout=30)
    assert bridge.returncode == 0, said
    assert "Traceback" not in said
    counts: Json = json.loads(out)
    return counts


def rejected_of(counts: Json) -> int:
    rejected = counts["rejected"]
    assert isinstance(rejected, dict)
    return sum(rejected.values())


def create(installation: Installation, *names: str) -> None:
    specs = [topics.TopicSpec(name, 2, topics.KEPT) for name in names]
    topics.create({"bootstrap_servers": installation.kafka}, specs, 1)


async def say_all(installation: Installation, foreign: str, messages: list[bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=installation.kafka, linger_ms=5)
    await producer.start()
    for number, message in enumerate(messages):
        await producer.send(foreign, message, partition=number % 2)
    await producer.stop()


async def something_passed_on(installation: Installation) -> None:
    """Wait until there is more on the orders topic than now."""
    consumer = AIOKafkaConsumer(bootstrap_servers=installation.kafka)
    await consumer.start()
    partitions = [TopicPartition(installation.prefix + ORDERS, number) for number in range(installation.partitions)]
    before = await _end(consumer, partitions)
    await until(lambda: _is_beyond(consumer, partitions, before))
    await consumer.stop()


async def caught_up(installation: Installation, foreign: str, group: str) -> None:
    """Wait until the group has committed the end of the foreign topic."""
    partitions = [TopicPartition(foreign, number) for number in range(2)]
    consumer = AIOKafkaConsumer(bootstrap_servers=installation.kafka, group_id=group, enable_auto_commit=False)
    await consumer.start()
    consumer.assign(partitions)
    await until(lambda: _all_committed(consumer, partitions))
    await consumer.stop()


async def until(is_so: Callable[[], Awaitable[bool]], within_seconds: float = 60) -> None:
    gives_up_at = time.monotonic() + within_seconds
    while not await is_so():
        assert time.monotonic() < gives_up_at, f"not so after {within_seconds} s"
        await asyncio.sleep(0.01)


async def _end(consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> int:
    return int(sum((await consumer.end_offsets(partitions)).values()))


async def _is_beyond(consumer: AIOKafkaConsumer, partitions: list[TopicPartition], before: int) -> bool:
    return await _end(consumer, partitions) > before


async def _all_committed(consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> bool:
    ends = await consumer.end_offsets(partitions)
    return all([(await consumer.committed(one) or 0) >= ends[one] for one in partitions])


async def everything(installation: Installation, topic: str) -> list[tuple[bytes, dict[str, str]]]:
    """Return value and headers of every record."""
    partitions = [TopicPartition(topic, number) for number in range(2)]
    consumer = AIOKafkaConsumer(bootstrap_servers=installation.kafka)
    await consumer.start()
    consumer.assign(partitions)
    await consumer.seek_to_beginning(*partitions)
    ends, found = await consumer.end_offsets(partitions), []
    while any([await consumer.position(one) < ends[one] for one in partitions]):
        for records in (await consumer.getmany(timeout_ms=500)).values():
            found += [(one.value, {name: value.decode() for name, value in one.headers}) for one in records]
    await consumer.stop()
    return found
