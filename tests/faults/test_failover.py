"""T7: Redis fails over to a replica that had not yet got what the primary acknowledged."""

import asyncio

import pytest

from tests.faults.conftest import Happened, NewInstallation
from tests.faults.failover import a_pair
from tests.faults.size import at_size
from tests.faults.watching import settled
from tests.integration.shop import a_shop
from tests.servers import NewValkey

ORDERS = at_size(5_000, 30_000)


@pytest.mark.timeout(at_size(240, 400))
@pytest.mark.parametrize("restarts", [False, True], ids=["nobody takes over", "a worker is restarted"])
async def test_a_failover_that_loses_commits_is_made_good_along_the_journal(
    new_installation: NewInstallation, new_valkey: NewValkey, happened: Happened, restarts: bool
) -> None:
    async with a_pair(new_valkey) as pair:
        shop = new_installation(redis_url=pair.url, batch_records=50)
        for _ in range(2):
            shop.start_worker()
        producing = asyncio.create_task(shop.produce(a_shop(ORDERS, seed=47), a_second=700))
        await shop.await_steps(1_000)
        lost = await pair.lose_the_primary(shop)
        if restarts:
            shop.workers[0].kill()
        pair.lead_on()
        if restarts:
            shop.workers[0].start()
        await producing
        outputs = await settled(shop)
    repeats = sum(worker.said.count("journalled steps to repeat") for worker in shop.workers)
    happened("acknowledged_steps_lost", lost.acknowledged)
    happened("behind_the_journal", lost.journalled)
    happened("claims_that_repeated_steps", repeats)
    assert outputs > 500
    assert repeats >= 1
