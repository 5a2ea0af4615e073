"""A change of program is a step: a real worker adopts a higher version, and no other."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from random import Random

import pytest

from schemas.journal import ProgramChange
from schemas.snapshot import Snapshot
from schemas.topics import CHANGES, NUDGES
from state.customer import decode_state
from state.redis_repository import RedisRepository
from state.store import Wanted
from tests.builders import Json
from tests.integration.inspection import meta_of, until_in_force
from tests.integration.installation import Installation
from tests.integration.shop import Record, a_shop
from tests.product import program_of
from tests.snapshots import random_snapshot

FIRST: Json = {"version": 1}
LOWER_THRESHOLDS: Json = {
    "version": 2,
    "tiers": {
        "window": {"rolling_days": 30},
        "levels": [{"name": "bronze"}, {"name": "silver", "spend": 50}, {"name": "gold", "spend": 150}],
    },
    "segments": {"rules": [{"name": "Stars", "all": {"f": "3-5"}}, {"name": "Others"}]},
}


@pytest.fixture
def worker_options() -> dict[str, object]:
    return {"program": FIRST}


@pytest.mark.timeout(240)
async def test_a_higher_version_is_adopted_by_every_customer_and_a_lower_one_never(installation: Installation) -> None:
    log = a_shop(1200, seed=5, customers=200)
    await worked(installation, log[:500], FIRST, random_snapshot(Random(5)))
    nudges = [len(await installation.read(NUDGES, partition)) for partition in range(installation.partitions)]

    await worked(installation, [], LOWER_THRESHOLDS)
    version = program_of(LOWER_THRESHOLDS).version_id
    assert await versions_of(installation) == {version}
    for partition, before in enumerate(nudges):
        counters = (await meta_of(installation, partition)).counters
        assert counters["tier_changes:program_change"] > 10
        assert sum(n for name, n in counters.items() if name.endswith(":program_change")) > 20
        issued = [json.loads(one.value or b"") for one in (await installation.read(NUDGES, partition))[before:]]
        assert [one for one in issued if one["type"] == "nudge.issued"] == []

    await assert_everybody_was_named_anew(installation)

    await worked(installation, log[500:], FIRST)
    assert await versions_of(installation) == {version}
    for partition in range(installation.partitions):
        steps = Counter(type(step) for step in await installation.journal(partition))
        assert steps[ProgramChange] == 1
    assert await installation.assert_books() > 100


@pytest.mark.timeout(180)
async def test_other_rules_under_the_same_version_stop_the_worker(installation: Installation) -> None:
    await worked(installation, a_shop(50, seed=5), FIRST)
    installation.options["program"] = LOWER_THRESHOLDS | {"version": 1}
    worker = installation.start_worker()
    assert worker.process is not None
    assert await asyncio.to_thread(worker.process.wait, 40) == 1, worker.said
    assert "raise `version` in program.yaml" in worker.said
    assert "Traceback" not in worker.said


async def assert_everybody_was_named_anew(installation: Installation) -> None:
    """Each customer who had a rule segment left it in the change, for one of the two there are now."""
    read = [await installation.read(CHANGES, partition) for partition in range(installation.partitions)]
    bodies = [json.loads(one.value or b"") for records in read for one in records]
    moves = [one for one in bodies if one["type"] == "segment.changed" and one["scheme"] == "rfm"]
    anew = [one for one in moves if one["trigger"] == {"kind": "program_change", "id": None}]
    assert {one["customer_id"] for one in anew} == {one["customer_id"] for one in moves}
    assert len(anew) == len({one["customer_id"] for one in anew}) > 100
    assert {(one["to"], len(one["criteria"])) for one in anew} == {("Stars", 1), ("Others", 0)}


async def worked(
    installation: Installation, records: list[Record], program: Json, model: Snapshot | None = None
) -> None:
    """Let one worker with those rules take the records, adopt a model if one is given, and end."""
    installation.options["program"] = program
    worker = installation.start_worker()
    await installation.produce(records)
    await installation.await_rest()
    if model is not None:
        await installation.publish_model(model)
        await installation.await_adoption()
    if program is LOWER_THRESHOLDS:
        await until_in_force(installation, 2)
        await installation.await_rest()
    assert worker.terminate() == 0


async def versions_of(installation: Installation) -> set[str]:
    """Return under which programs the customers stand."""
    repository, found = RedisRepository(installation.redis_url, installation.name), set()
    for partition in range(installation.partitions):
        stored = await repository.load(partition, Wanted(await repository.customers(partition, limit=10_000)))
        found |= {decode_state(blob).program_version for blob in stored.states.values() if blob is not None}
    await repository.close()
    return found
