"""Bad input to a real worker: it goes to the dead letters, takes nobody along, and comes back after a fix."""

from __future__ import annotations

import asyncio
import json
from collections import Counter

import pytest
from aiokafka import AIOKafkaProducer

from schemas.record import LogRecord
from schemas.topics import CONSENTS, INPUTS, ORDERS, dead_letter_topic
from state.outputs import TRUNCATED_BYTES
from tests.builders import Json, a_manual_tier
from tests.integration.bad_records import BEGIN_MS, PARTITIONS, Sent, a_day, an_evening, an_order_of, encoded, home_of
from tests.integration.commands import tierline
from tests.integration.inspection import meta_of, until_in_force, views_of
from tests.integration.installation import Installation
from tests.oracle import Oracle
from tests.oracle_rules import instant_text
from tests.product import FATES, program_of

PROGRAM: Json = {"nudges": {"quiet_hours": None, "holdout": {"share": 0}}}
HIGHER: Json = PROGRAM | {
    "version": 2,
    "tiers": {"levels": [{"name": "bronze"}, {"name": "silver", "spend": 500}, {"name": "diamond", "spend": 1500}]},
}


@pytest.fixture
def worker_options() -> dict[str, object]:
    return {"program": PROGRAM}


@pytest.mark.timeout(240)
async def test_bad_records_are_dead_letters_and_their_neighbours_untouched(installation: Installation) -> None:
    # All of the day is there before the worker is: it takes both topics by their stamps then, which rise.
    day = a_day()
    await produce(installation, day)
    worker = installation.start_worker()
    await installation.await_rest()
    for part in an_evening(day[-1].timestamp_ms + 60_000):
        await produce(installation, part)
        await installation.await_rest()
    assert worker.terminate() == 0
    await installation.assert_books()
    fates: Counter[str] = Counter()
    for partition in range(PARTITIONS):
        fates += await assert_equals_oracle(installation, partition)
        await assert_letters_are_whole(installation, partition, day)
    assert all(fates[fate] for fate in FATES), "each fate must have been met"


@pytest.mark.timeout(240)
async def test_dead_letters_are_sent_again_after_a_fix(installation: Installation) -> None:
    worker = installation.start_worker()
    too_large = Sent(an_order_of("c-1", padding="x" * 300_000), "c-1", "too_large")
    diamond = encoded(a_manual_tier("diamond", customer_id="c-1"))
    await produce(installation, [Sent(an_order_of("c-1"), "c-1"), too_large, Sent(diamond, "c-1", topic=CONSENTS)])
    await installation.await_rest()
    assert worker.terminate() == 0
    home = home_of("c-1")
    assert (await meta_of(installation, home)).counters == {"applied": 1, "dead:too_large": 1, "dead:invalid_field": 1}

    installation.options["program"] = HIGHER
    worker = installation.start_worker()
    await until_in_force(installation, 2)
    sent = await asyncio.to_thread(
        tierline, "dlq", "replay", "--all", "--json", settings={**installation.settings, "TIERLINE_CLOCK": "log"}
    )
    assert (sent.code, len(json.loads(sent.out)["sent"])) == (0, 2), sent.err
    await installation.await_rest()
    assert worker.terminate() == 0

    orders = await installation.read(ORDERS, home)
    assert [one.value for one in orders] == [orders[0].value, too_large.value, too_large.value]
    counters = (await meta_of(installation, home)).counters
    assert (counters["applied"], counters["dead:too_large"], counters["dead:invalid_field"]) == (2, 2, 1)
    assert (await views_of(installation, home))["c-1"]["tier"]["name"] == "diamond"  # type: ignore[index]
    await installation.assert_books()


async def produce(installation: Installation, sent: list[Sent]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=installation.kafka, linger_ms=5)
    await producer.start()
    for place, one in enumerate(sent):
        await producer.send(
            installation.prefix + one.topic,
            one.value,
            one.key,
            partition=one.partition,
            timestamp_ms=one.timestamp_ms or BEGIN_MS + place,
            headers=[("trace", b"%d" % place), ("trace", b"again")],
        )
    await producer.stop()


async def assert_equals_oracle(installation: Installation, partition: int) -> Counter[str]:
    """Compare states, dead letters and fates with the oracle's; return the fates."""
    oracle = Oracle(PROGRAM, program_of(PROGRAM).version_id, partition=partition, partitions=PARTITIONS)
    inputs = [record for topic in INPUTS for record in await installation.read(topic, partition)]
    for record in sorted(inputs, key=lambda one: one.timestamp_ms):
        oracle.record(record.topic, record.timestamp_ms, record.value, record.key, record.offset)
    oracle.finish()
    assert await views_of(installation, partition) == oracle.states(oracle.clock)
    counters = (await meta_of(installation, partition)).counters
    fates = Counter({fate: sum(n for name, n in counters.items() if name.split(":")[0] == fate) for fate in FATES})
    assert fates == oracle.counts
    assert sum(fates.values()) == len(inputs)
    letters = [one for topic in INPUTS for one in await installation.read(dead_letter_topic(topic), partition)]
    found = sorted((h["tl_topic"], int(h["tl_offset"]), h["tl_reason"]) for h in map(headers_of, letters))
    assert found == sorted((str(one["topic"]), one["offset"], one["reason"]) for one in oracle.dead_letters)
    return fates


async def assert_letters_are_whole(installation: Installation, partition: int, day: list[Sent]) -> None:
    for topic in INPUTS:
        originals = {one.offset: one for one in await installation.read(topic, partition)}
        letters = await installation.read(dead_letter_topic(topic), partition)
        bad = [one for one in day if one.reason and (one.topic, one.partition) == (topic, partition)]
        assert [headers_of(one)["tl_reason"] for one in letters] == [one.reason for one in bad]
        for letter, sent in zip(letters, bad, strict=True):
            assert_is_whole(letter, sent, originals[int(headers_of(letter)["tl_offset"])])


def assert_is_whole(letter: LogRecord, sent: Sent, original: LogRecord) -> None:
    headers = headers_of(letter)
    assert letter.key == sent.key == original.key
    assert original.value == sent.value
    assert letter.headers[:2] == original.headers
    assert (headers["tl_topic"], headers["tl_partition"]) == (sent.topic, str(sent.partition))
    assert headers["tl_at"] == instant_text(sent.timestamp_ms * 1000)
    assert headers["tl_detail"]
    is_truncated = sent.reason == "too_large"
    assert ("tl_truncated" in headers) == is_truncated
    assert letter.value == (original.value[:TRUNCATED_BYTES] if is_truncated and original.value else original.value)


def headers_of(record: LogRecord) -> dict[str, str]:
    return {name: (value or b"").decode() for name, value in record.headers}
