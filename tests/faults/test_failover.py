"""T7: Redis fails over to a replica that had not yet got what the primary acknowledged.

A stopped replica is no such replica: the kernel takes in what the primary sends, and hands it over when it goes on. So
the wire between them drops what passes, as one does that breaks; then the primary is killed, and the replica promoted.
"""

import asyncio

import pytest
import redis

from tests.faults.conftest import Happened, NewInstallation
from tests.faults.proxy import before
from tests.faults.size import at_size
from tests.faults.watching import journalled_steps, settled, steps_in_redis, until
from tests.integration.installation import Installation
from tests.integration.shop import a_shop
from tests.servers import NewValkey
from tierline.embedded import EmbeddedValkey

ORDERS = at_size(5_000, 30_000)
BROKEN_SECONDS = 0.8


@pytest.mark.timeout(at_size(240, 400))
@pytest.mark.parametrize("restarts", [False, True], ids=["nobody takes over", "a worker is restarted"])
async def test_a_failover_that_loses_commits_is_made_good_along_the_journal(
    new_installation: NewInstallation, new_valkey: NewValkey, happened: Happened, restarts: bool
) -> None:
    primary = new_valkey()
    with before(primary.port) as between, before(primary.port) as proxy:
        replica = new_valkey(options={"replicaof": f"127.0.0.1 {between.port}"})
        await until(lambda: asyncio.to_thread(_is_in_step, replica), "the replica has what the primary has")
        shop = new_installation(redis_url=proxy.url, batch_records=50)
        for _ in range(2):
            shop.start_worker()
        producing = asyncio.create_task(shop.produce(a_shop(ORDERS, seed=47), a_second=700))
        await shop.await_steps(1_000)
        between.swallows = True
        await asyncio.sleep(BROKEN_SECONDS)
        reached = await steps_in_redis(shop, primary.url)
        primary.kill()
        between.lead_to(primary.port)
        with redis.Redis(port=replica.port) as client:
            client.replicaof("NO", "ONE")
        await _assert_went_back(shop, replica, reached, happened)
        if restarts:
            shop.workers[0].kill()
        proxy.lead_to(replica.port)
        if restarts:
            shop.workers[0].start()
        await producing
        outputs = await settled(shop)
        repeats = sum(worker.said.count("journalled steps to repeat") for worker in shop.workers)
    happened("claims_that_repeated_steps", repeats)
    assert outputs > 500
    assert repeats >= 1


async def _assert_went_back(
    shop: Installation, replica: EmbeddedValkey, reached: list[int], happened: Happened
) -> None:
    """Some partition's state must now stand behind what the journal had got; nothing is shown otherwise."""
    journalled = await journalled_steps(shop)
    went_to = await steps_in_redis(shop, replica.url)
    lost = [before - after for before, after in zip(reached, went_to, strict=True)]
    behind = [until - after for until, after in zip(journalled, went_to, strict=True)]
    happened("acknowledged_steps_lost", lost)
    happened("of_them_journalled", behind)
    assert max(lost) > 0, "the replica had everything"
    assert max(behind) > 0, "what was lost had not been published, so there was nothing to repeat"


def _is_in_step(replica: EmbeddedValkey) -> bool:
    with redis.Redis(port=replica.port) as client:
        return bool(client.info("replication")["master_link_status"] == "up")
