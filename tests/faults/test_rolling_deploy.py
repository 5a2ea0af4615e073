"""Workers are replaced one by one by a version that reads one input topic more; for a while both are at work."""

from functools import partial

import pytest

from schemas.topics import NUDGES
from tests.faults.conftest import Happened, NewInstallation
from tests.faults.flow import Flow
from tests.faults.size import at_size
from tests.faults.watching import end_in_order, settled, until
from tests.integration.installation import Installation
from tests.integration.shop import a_shop
from tests.integration.worker_process import WorkerProcess

ORDERS = at_size(5_000, 30_000)
PARTITIONS = 4
OLD_WORKERS = at_size(2, 4)
STEPS_BESIDE = at_size(100, 600)
TORN = "paused, because not every input topic of them is assigned here"


@pytest.mark.timeout(at_size(240, 600))
async def test_a_version_that_reads_one_topic_more_takes_over_worker_by_worker(
    new_installation: NewInstallation, happened: Happened
) -> None:
    shop = new_installation(partitions=PARTITIONS, batch_records=50)
    new_version = shop.worker_module
    shop.worker_module = "tests.faults.old_version"
    old = [shop.start_worker() for _ in range(OLD_WORKERS)]
    flow = Flow(shop, partial(a_shop, seed=37), ORDERS, a_second=250)
    await shop.await_steps(300)
    assert await consents_taken(shop) == 0, "the old version does not know them"
    shop.worker_module = new_version
    torn = []
    for worker in old:
        newcomer = shop.start_worker()
        await until(partial(has_said, newcomer, TORN), "partitions not wholly its own are left alone")
        torn.append(newcomer.said.count(TORN))
        # Both versions are in the group, and whoever has all that it knows of a partition goes on with it.
        await shop.await_steps(await shop.steps() + STEPS_BESIDE)
        flow.assert_flows()
        await end_in_order(worker)
        shop.workers.remove(worker)
    await flow.end()
    outputs = await settled(shop)
    happened("paused_beside_the_other_version", torn)
    assert outputs > 500
    assert await consents_taken(shop) > 100
    assert [record for p in range(PARTITIONS) for record in await shop.read(NUDGES, p)], "consents count at last"


async def has_said(worker: WorkerProcess, text: str) -> bool:
    """Tell whether the worker's log has it."""
    return text in worker.said


async def consents_taken(shop: Installation) -> int:
    """Return how many records of the topic that only the new version knows are in the states."""
    return sum(meta.offsets.get("retail.consents.v1", 0) for meta in await shop.metas())
