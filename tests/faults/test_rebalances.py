"""T4: workers join, leave in order and die in turn, so that partitions are always on their way to somebody else."""

import asyncio
from functools import partial
from random import Random

import pytest

from tests.faults.conftest import Happened, NewInstallation
from tests.faults.flow import Flow
from tests.faults.size import at_size
from tests.faults.watching import CLAIMED, end_in_order, settled
from tests.integration.installation import Installation
from tests.integration.shop import a_shop

ORDERS = at_size(9_000, 40_000)
TURNS = at_size(6, 20)


@pytest.mark.timeout(at_size(240, 600))
async def test_workers_that_come_and_go_change_nothing(new_installation: NewInstallation, happened: Happened) -> None:
    random, shop = Random(71), new_installation(partitions=4, batch_records=50)
    for _ in range(2):
        shop.start_worker()
    flow = Flow(shop, partial(a_shop, seed=71), ORDERS, a_second=350)
    await shop.await_steps(300)
    started_with = _claims(shop)
    joined = left = died = 0
    for turn in range(TURNS):
        worker = shop.workers[turn % len(shop.workers)]
        if turn % 3 == 0:
            shop.start_worker()
            joined += 1
        elif turn % 3 == 1:
            await end_in_order(worker)
            worker.start()
            left += 1
        else:
            worker.kill()
            worker.start()
            died += 1
        await asyncio.sleep(random.uniform(0.5, 2))
    flow.assert_flows()
    await flow.end()
    outputs = await settled(shop)
    changes = _claims(shop) - started_with
    for name, count in (("joined", joined), ("left", left), ("died", died), ("claims_after_the_first", changes)):
        happened(name, count)
    assert outputs > 500
    assert changes >= 2 * shop.partitions, "partitions hardly moved: this run shows less than it says"


def _claims(shop: Installation) -> int:
    """Return how often a partition was claimed."""
    return sum(worker.said.count(CLAIMED) for worker in shop.workers)
