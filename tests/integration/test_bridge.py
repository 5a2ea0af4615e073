"""`tierline import --from-topic` as a child process: killed in the middle, with repeated messages, then a worker."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.topics import ORDERS
from streams import topics
from tests.builders import Json
from tests.integration.inspection import views_of
from tests.integration.installation import Installation

ROOT = Path(__file__).parents[2]
MAPPING = ROOT / "examples" / "shop_events.mapping.yaml"
BEGIN_MS = 1_772_366_400_000
RUNNING: list[subprocess.Popen[str]] = []


@dataclass(slots=True)
class Shop:
    """What a shop says on a topic of its own, and what its customers' totals are in the end."""

    messages: list[bytes] = field(default_factory=list)
    bad: Counter[str] = field(default_factory=Counter)
    orders: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))

    def totals(self) -> dict[str, tuple[str, int]]:
        """Return each customer's net money and number of orders that count."""
        counting = {customer: [cents for cents in own.values() if cents] for customer, own in self.orders.items()}
        return {who: (f"{sum(own) // 100}.{sum(own) % 100:02d}", len(own)) for who, own in counting.items()}


def a_shop(orders: int, seed: int) -> Shop:
    random, shop = Random(seed), Shop()
    for number in range(orders):
        customer, cents, at = random.randrange(60), random.randrange(1, 9000), BEGIN_MS + number * 60_000
        whose: Json = {"at": at, "customer": {"number": customer}}
        order: Json = {"id": f"A-{number}", "currency": "USD"}
        own = shop.orders[f"c-{customer}"]
        own[f"A-{number}"] = cents
        say(
            shop,
            {"event": "OrderPaid", **whose, "order": {**order, "goods_total": f"{cents // 100}.{cents % 100:02d}"}},
        )
        if number % 10 == 3:
            own[f"A-{number}"] = 0
            say(shop, {"event": "OrderVoided", **whose, "order": order})
        if number % 10 == 7:
            own[f"A-{number}"] -= cents // 2
            refund = {"id": f"R-{number}", "amount": f"{cents // 2 / 100:.2f}"}
            say(shop, {"event": "MoneyBack", **whose, "order": order, "refund": refund})
        if number % 50 == 9:
            say_badly(shop, number)
        if random.random() < 0.15:
            shop.messages.append(random.choice(shop.messages[-300:]))
    return shop


def say(shop: Shop, message: Json) -> None:
    shop.messages.append(json.dumps(message).encode())


def say_badly(shop: Shop, number: int) -> None:
    unknown, torn = json.dumps({"event": "OrderLost", "at": number}).encode(), f'{{"event": {number}'.encode()
    shop.messages += [unknown, torn]


@pytest.fixture(autouse=True)
def no_bridge_is_left() -> Iterator[None]:
    yield
    while RUNNING:
        with RUNNING.pop() as bridge:
            bridge.kill()


@pytest.mark.timeout(240)
async def test_kills_and_repeated_messages_leave_the_totals_right(installation: Installation) -> None:
    shop = a_shop(6_000, seed=3)
    foreign = f"{installation.name}-shop"
    create(installation, foreign, f"{foreign}.dlq")
    await say_all(installation, foreign, shop.messages)
    for _ in range(3):  # Each is killed while its first batch is on the way.
        bridge = start(installation, foreign, "one")
        await something_passed_on(installation)
        bridge.kill()
        bridge.wait()
    installation.start_worker()
    for group in ("one", "another"):  # The second group repeats every message from the beginning.
        bridge = start(installation, foreign, group)
        await caught_up(installation, foreign, f"{installation.name}-{group}")
        counts = ended(bridge)
        assert counts["mapped"] == int(str(counts["messages"])) - rejected_of(counts)
        await installation.await_rest()
        assert await totals_of(installation) == shop.totals()
    assert counts["messages"] == len(shop.messages)
    await installation.assert_books()
    await assert_rejected(installation, foreign, shop)


async def totals_of(installation: Installation) -> dict[str, tuple[str, int]]:
    found: dict[str, tuple[str, int]] = {}
    for partition in range(installation.partitions):
        for customer_id, view in (await views_of(installation, partition)).items():
            rfm = view["rfm"]
            assert isinstance(rfm, dict)
            found[customer_id] = (rfm["monetary"], rfm["frequency"])
    return found


async def assert_rejected(installation: Installation, foreign: str, shop: Shop) -> None:
    bad = {message for message in shop.messages if b"OrderLost" in message or not message.endswith(b"}")}
    letters = await everything(installation, f"{foreign}.dlq")
    assert {value for value, _ in letters} == bad
    reasons = {headers["tl_reason"] for _, headers in letters}
    assert reasons == {"no_rule", "malformed_json"}
    assert all(headers["tl_topic"] == foreign for _, headers in letters)


async def test_a_bridge_without_its_topics_says_what_to_create(installation: Installation) -> None:
    foreign = f"{installation.name}-shop"
    bridge = start(installation, foreign, "one")
    said = (await asyncio.to_thread(bridge.communicate, timeout=60))[1]
    assert bridge.returncode == 1
    assert f"Topic {foreign}, which --from-topic names, does not exist" in said
    create(installation, foreign)
    bridge = start(installation, foreign, "one")
    said = (await asyncio.to_thread(bridge.communicate, timeout=60))[1]
    assert f"Topic {foreign}.dlq, for rejected messages, does not exist. Create it, or give --rejected FILE" in said


async def test_a_kafka_that_is_down_is_one_message(installation: Installation) -> None:
    installation.kafka = "127.0.0.1:9"
    bridge = start(installation, "shop", "one")
    out, said = await asyncio.to_thread(bridge.communicate, timeout=60)
    assert (bridge.returncode, out) == (1, "")
    assert "Kafka at 127.0.0.1:9 does not do what was asked" in said
    assert "Traceback" not in said


async def test_a_file_may_go_straight_to_kafka_with_event_time(installation: Installation) -> None:
    source, mapping = str(MAPPING.with_name("shop_events.jsonl")), str(MAPPING)
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "tierline.cli", "import", source, "--mapping", mapping, "--produce", "--json"],
        cwd=ROOT, env=environment_of(installation), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, json.loads(done.stdout)["records_sent"]) == (0, 4), done.stderr
    records = [one for number in range(installation.partitions) for one in await installation.read(ORDERS, number)]
    first = next(one for one in records if json.loads(one.value or b"")["order_id"] == "A-1")
    assert (len(records), first.timestamp_ms, first.key) == (4, BEGIN_MS, b"c-17")


async def test_rejected_messages_may_go_to_a_file(installation: Installation, tmp_path: Path) -> None:
    foreign, rejected = f"{installation.name}-shop", tmp_path / "rejected.jsonl"
    create(installation, foreign)
    await say_all(installation, foreign, [b"{}", b"\xff"])
    bridge = start(installation, foreign, "one", "--rejected", str(rejected))
    await caught_up(installation, foreign, f"{installation.name}-one")
    assert ended(bridge)["rejected"] == {"malformed_json": 1, "no_rule": 1}
    lines = [json.loads(line) for line in rejected.read_text().splitlines()]
    assert {(line["reason"], line["text"]) for line in lines} == {("no_rule", "{}"), ("malformed_json", "\\xff")}


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
