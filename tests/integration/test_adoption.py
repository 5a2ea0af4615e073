"""Workers adopt models while they are killed: no torn or older one, and a replay adopts the same at the same places."""

import asyncio
import json
import time
from collections.abc import Callable
from random import Random

import pytest

from schemas.journal import ModelAdoption
from state.meta import decode_meta
from state.redis_repository import RedisRepository
from tests.integration.commands import tierline
from tests.integration.installation import Installation
from tests.integration.shop import a_shop
from tests.snapshots import random_snapshot

VERSIONS = 5


@pytest.mark.timeout(180)
async def test_a_worker_killed_while_it_adopts_a_model_leaves_nobody_out(
    installation: Installation, record_property: Callable[[str, object], None]
) -> None:
    random, installation.options = Random(5), {"commit_customers": 200}  # Ticks of 50 in a sweep.
    workers = [installation.start_worker(), installation.start_worker()]
    producing = asyncio.create_task(installation.produce(a_shop(7_000, seed=5, customers=4000), a_second=700))
    await installation.await_steps(500)
    hit = 0
    for _ in range(VERSIONS):
        version = await installation.publish_model(random_snapshot(random))
        hit += await _sweep_is_half_done(installation, version)
        for worker in workers:
            worker.signal_kill()
        for worker in workers:
            worker.kill()
            worker.start()
    await producing
    await installation.await_rest()
    await installation.await_adoption()
    assert [worker.terminate() for worker in workers] == [0, 0]
    assert await installation.assert_books() > 5_000
    arguments = ("replay", "--against-live", "--against-topics", "--json")
    done = await asyncio.to_thread(tierline, *arguments, settings=installation.settings)
    assert (done.code, json.loads(done.out)["differences"]) == (0, 0), done.err
    claims = sum(worker.said.count("in the middle of adopting model") for worker in workers)
    record_property("claims_in_sweeps", claims)
    assert hit >= 2
    assert claims >= 2, "too few kills came in the middle of an adoption: this run shows less than it says"
    for partition in range(installation.partitions):
        steps = await installation.journal(partition)
        adopted = [step.version for step in steps if isinstance(step, ModelAdoption)]
        assert adopted == sorted(set(adopted)), "an older model followed a newer one"
        assert adopted[-1] == version


async def _sweep_is_half_done(installation: Installation, version: int) -> bool:
    """Wait until some partition has adopted this model and not yet scored everybody, or all are done."""
    repository = RedisRepository(installation.redis_url, installation.name)
    gives_up_at = time.monotonic() + 60
    try:
        while True:
            assert time.monotonic() < gives_up_at, f"nobody adopts model {version}: {installation.workers[0].said}"
            blobs = [await repository.meta(partition) for partition in range(installation.partitions)]
            metas = [decode_meta(blob) for blob in blobs if blob is not None]
            if any(meta.model == version and meta.previous_model is not None for meta in metas):
                return True
            if len(metas) == installation.partitions and all(meta.model == version for meta in metas):
                return False
    finally:
        await repository.close()
