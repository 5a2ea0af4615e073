"""20,000 fuzzed records to two real workers, one of them killed: it reconciles, nothing dies, nothing is told."""

from __future__ import annotations

import asyncio
import random
import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.util import calc_crc32c

from schemas.record import LogRecord
from schemas.topics import INPUTS, ORDERS, dead_letter_topic
from state.outputs import TRUNCATED_BYTES, VALUE_BYTES_MAX, text_of
from tests.faults.watching import have_begun, until
from tests.fuzz.mutations import Sent
from tests.fuzz.world import World
from tests.integration import bad_records
from tests.integration.bad_records import BEGIN_MS, an_evening, an_order_of, home_of
from tests.integration.inspection import meta_of
from tests.integration.installation import Installation
from tests.integration.worker_process import WorkerProcess
from tests.product import FATES

RECORDS, A_WORLD, A_SECOND = 20_000, 1000, 2500
GROWTH_KIB_MAX = 64 * 1024
CRC_AT = 17
"""Where a batch of Kafka's format 2 has its checksum, which is of all that follows."""
LATE_MS = 1_590_000_000_000
KAFKA_REFUSES_FROM_MS = 1_600_000_000_000
"""A broker takes no timestamp from its future, and none below 0 but -1."""


@pytest.fixture
def worker_options() -> dict[str, object]:
    return {"log_level": "DEBUG"}


@pytest.mark.timeout(240)
async def test_fuzzed_records_reconcile_through_a_kill_and_nothing_personal_is_logged(
    installation: Installation, record_property: Callable[[str, object], None]
) -> None:
    worlds = [World(seed, A_WORLD) for seed in range(RECORDS // A_WORLD)]
    # What an erasure takes out of the outbox was never published, so the books hold until the first one.
    sent = [as_kafka_takes_it(one) for world in worlds for one in world.sent if not erases(one)]
    workers = [installation.start_worker(), installation.start_worker()]
    # Who has not yet begun while the other takes all of these is not warm afterwards.
    await until(partial(have_begun, workers), "each worker has one of the two partitions")
    await produce(installation, sent[:4000])
    await installation.await_rest()
    warm_kib = resident_kib(workers[0])
    producing = asyncio.create_task(produce(installation, sent[4000:], A_SECOND))
    await asyncio.sleep(1.5)
    workers[1].kill()
    await asyncio.sleep(1)
    workers[1].start()
    await producing
    await installation.await_rest()
    grown_kib = resident_kib(workers[0]) - warm_kib
    record_property("grown_kib", grown_kib)
    await installation.assert_books()
    evening = 0
    for part in an_evening(LATE_MS):
        evening += len(part)
        await produce(installation, [as_fuzzed(one) for one in part])
        await installation.await_rest()
    assert [worker.terminate() for worker in workers] == [0, 0], "a worker died by itself"
    fates: Counter[str] = Counter()
    for partition in range(installation.partitions):
        fates += await assert_reconciles(installation, partition)
    assert fates.total() == len(sent) + evening
    assert all(fates[fate] for fate in FATES), "each fate must have been met"
    assert grown_kib < GROWTH_KIB_MAX
    assert_tells_nothing_personal(workers, worlds)


@pytest.mark.timeout(120)
async def test_a_header_name_that_is_no_utf_8_is_read_all_the_same(installation: Installation) -> None:
    worker, partition = installation.start_worker(), home_of("c-1")
    producer = AIOKafkaProducer(bootstrap_servers=installation.kafka)
    await producer.start()
    for number, value in enumerate((an_order_of("c-1"), an_order_of("c-1"), b"{}", an_order_of("c-1"))):
        batch = producer.create_batch()
        headers = [("name", b"value")] if number in (1, 2) else []
        batch.append(key=b"c-1", value=value, timestamp=BEGIN_MS, headers=headers)
        with_another_name(batch)
        await producer.send_batch(batch, installation.prefix + ORDERS, partition=partition)
    await producer.stop()
    await installation.await_rest()
    assert worker.terminate() == 0
    counters = (await meta_of(installation, partition)).counters
    assert (counters["applied"], counters["dead:unknown_type"]) == (3, 1)
    (letter,) = await installation.read(dead_letter_topic(ORDERS), partition)
    assert letter.headers[0] == ("n\ufffdme", b"value")
    assert "not UTF-8" in worker.said


def with_another_name(batch: BatchBuilder) -> None:
    """Let the batch say n\\xffme where it said name, as producers in other languages can."""
    build = batch._build

    def spoiled() -> bytes:
        built = bytearray(build().replace(b"name", b"n\xffme"))
        built[CRC_AT : CRC_AT + 4] = struct.pack(">I", calc_crc32c(bytes(built[CRC_AT + 4 :])))
        return bytes(built)

    batch._build = spoiled


def erases(sent: Sent) -> bool:
    """Tell whether a record might be an erasure."""
    return any(b"customer.erased" in (text or b"") for text in (sent.value, *(value for _, value in sent.headers)))


def as_fuzzed(sent: bad_records.Sent) -> Sent:
    """Return a record of a day of bad ones as one of a fuzzed world."""
    key = sent.key if isinstance(sent.key, bytes) else None
    return Sent(sent.customer_id, sent.topic, sent.timestamp_ms, sent.value, key)


def as_kafka_takes_it(sent: Sent) -> Sent:
    """Return the record with a timestamp that a broker accepts."""
    is_possible = -1 <= sent.timestamp_ms < KAFKA_REFUSES_FROM_MS
    return sent if is_possible else replace(sent, timestamp_ms=-1)


async def produce(installation: Installation, sent: list[Sent], a_second: int = 1_000_000) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=installation.kafka, linger_ms=5)
    rng, loop = random.Random(1), asyncio.get_running_loop()
    await producer.start()
    began_at = loop.time()
    for number, one in enumerate(sent):
        # A producer with another partitioner sends some of them elsewhere.
        partition = rng.randrange(installation.partitions) if rng.random() < 0.02 else home_of(one.customer_id)
        timestamp_ms = None if one.timestamp_ms < 0 else one.timestamp_ms
        topic, headers, at_ms = installation.prefix + one.topic, list(one.headers), timestamp_ms or 0
        if one.key is None and one.value is None:
            # Only as a batch of its own does this client send a record of neither key nor value; others just do.
            batch = producer.create_batch()
            batch.append(key=None, value=None, timestamp=at_ms, headers=headers)
            await producer.send_batch(batch, topic, partition=partition)
        else:
            await producer.send(topic, one.value, one.key, partition, timestamp_ms=at_ms, headers=headers)
        ahead = number / a_second - (loop.time() - began_at)
        if ahead > 0.05:
            await asyncio.sleep(ahead)
    await producer.stop()


async def assert_reconciles(installation: Installation, partition: int) -> Counter[str]:
    """Return the fates of a partition's records; its dead letters hold what came in."""
    counters = (await meta_of(installation, partition)).counters
    fates = Counter({fate: sum(n for name, n in counters.items() if name.split(":")[0] == fate) for fate in FATES})
    came = letters = 0
    for topic in INPUTS:
        originals = {one.offset: one for one in await installation.read(topic, partition)}
        came += len(originals)
        for letter in await installation.read(dead_letter_topic(topic), partition):
            letters += 1
            assert_holds(letter, originals[int(text_of(letter.headers, "tl_offset"))])
    assert fates.total() == came
    assert fates["dead"] == letters
    return fates


def assert_holds(letter: LogRecord, original: LogRecord) -> None:
    is_long = original.value is not None and len(original.value) > VALUE_BYTES_MAX
    value = b"" if original.value is None and original.key is None else original.value
    assert letter.value == (value[:TRUNCATED_BYTES] if is_long and value else value)
    assert letter.key == (None if original.key is None else original.key[:TRUNCATED_BYTES])
    kept = letter.headers[: len(original.headers)] == original.headers
    assert kept or text_of(letter.headers, "tl_truncated") == "true"


def assert_tells_nothing_personal(workers: list[WorkerProcess], worlds: list[World]) -> None:
    """Ids and values of these worlds all say "secret" somewhere."""
    assert all(any("secret" in one for one in world.customers) for world in worlds)
    for worker in workers:
        assert worker.said, "there must be something to look at"
        assert "secret" not in worker.said
        assert "occurred_at" not in worker.said
        assert "Traceback" not in worker.said


def resident_kib(worker: WorkerProcess) -> int:
    assert worker.process is not None
    status = Path(f"/proc/{worker.process.pid}/status").read_text("ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1])
