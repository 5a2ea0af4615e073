"""An installation beside the independent oracle, which takes the inputs in the order of the journal."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from schemas.instants import Instant
from schemas.journal import ModelAdoption, Records, Start, Step, Tick
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

Json = dict[str, object]
SPOKEN = (CHANGES, NUDGES, SUPPRESSIONS)


async def assert_equals_oracle(
    shop: Installation, program: Json, *, is_ordered: bool = True, end_at: Instant | None = None
) -> list[History]:
    """Compare every state, change, nudge and suppression with the oracle's; return each partition's history.

    For a ``program`` that never changed. ``is_ordered``: the timestamps of a partition rise, so that no tick comes
    before an older record. ``end_at`` is where time ended on a wall clock; nothing that was due until then is left.
    """
    histories = []
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        for partition in range(shop.partitions):
            inputs = {topic: await shop.read(topic, partition) for topic in INPUTS}
            steps, snapshots = await shop.journal(partition), await shop.snapshots()
            latest_ms = max(record.timestamp_ms for records in inputs.values() for record in records)
            ended_at = max(latest_ms * 1000, end_at or 0)
            history = History(program, inputs, steps, snapshots, is_ordered, ended_at)
            told, states = await asyncio.get_running_loop().run_in_executor(None, oracle_of, history, pool)
            for topic in SPOKEN:
                found = by_customer(await shop.read(topic, partition))
                _assert_same(found, told[topic], f"{topic}, partition {partition}")
            _assert_same(await states_of(shop, partition, end_at), states, f"states of partition {partition}")
            histories.append(history)
    return histories


@dataclass(frozen=True)
class History:
    """What a partition took, in which order, and the snapshots it names."""

    program: Json
    inputs: dict[str, list[LogRecord]]
    steps: list[Step]
    snapshots: dict[int, Json]
    is_ordered: bool
    end_at: Instant
    """The latest record's timestamp, or where a wall clock stood still."""

    @property
    def started_at(self) -> Instant | None:
        """When the wall clock showed the first start."""
        return next(step.at for step in self.steps if isinstance(step, Start))

    def wall_ticks(self) -> int:
        """Return how many ticks were further on than any record before them."""
        clock_at, taken, count = 0, dict.fromkeys(INPUTS, 0), 0
        for step in self.steps:
            if isinstance(step, Records):
                run = self.inputs[step.topic][taken[step.topic] : taken[step.topic] + step.count]
                taken[step.topic] += step.count
                clock_at = max(clock_at, *(record.timestamp_ms * 1000 for record in run))
            elif isinstance(step, Tick):
                count += step.at > clock_at
        return count


def oracle_of(history: History, pool: ProcessPoolExecutor) -> tuple[dict[str, dict[str, list[Json]]], Json]:
    """Fold one partition, a half of its customers in each process; time ends at the history's end."""
    told: dict[str, dict[str, list[Json]]] = {topic: {} for topic in SPOKEN}
    states: Json = {}
    for said, found in pool.map(fold_half, [history, history], [0, 1]):
        states |= found
        for topic in SPOKEN:
            told[topic] |= said[topic]
    return told, states


def fold_half(history: History, odd: int) -> tuple[dict[str, dict[str, list[Json]]], Json]:
    """Fold some customers' records in the order of the journal.

    Where timestamps rise, a tick only matters to the oracle while it has customers who have not met an adopted model:
    whatever else time does carries the moment at which it was due.
    """
    version_id, taken = program_of(history.program).version_id, dict.fromkeys(INPUTS, 0)
    oracle = Oracle(history.program, version_id, started_at=history.started_at)
    for step in history.steps:
        if isinstance(step, Records):
            run = history.inputs[step.topic][taken[step.topic] : taken[step.topic] + step.count]
            taken[step.topic] += step.count
            for record in run:
                if (record.key or b"")[-1] % 2 == odd:
                    oracle.record(record.topic, record.timestamp_ms, record.value, record.key, record.offset)
        elif isinstance(step, Tick) and (oracle.adoptions or not history.is_ordered):
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


def _assert_same(found: Mapping[str, object], expected: Mapping[str, object], where: str) -> None:
    differences = differing(found, expected)
    assert not differences, f"{where}: {differences}"


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


async def states_of(shop: Installation, partition: int, end_at: Instant | None = None) -> Json:
    """Return the read models of what Redis holds, as of the partition's clock, or a later end."""
    repository = RedisRepository(shop.redis_url, shop.name)
    blob = await repository.meta(partition)
    assert blob is not None
    meta = decode_meta(blob)
    ids = await repository.customers(partition, limit=1_000_000)
    stored = (await repository.load(partition, Wanted(ids))).states
    await repository.close()
    programs, as_of = meta.programs(), max(meta.clock_at, end_at or 0)
    return {one: without_place(read_model(decode_state(stored[one] or b""), programs, as_of, Ledger())) for one in ids}


def without_place(model: Json) -> Json:
    """The oracle does not know partitions and topics."""
    return {name: value for name, value in model.items() if name != "source"}
