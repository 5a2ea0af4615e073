"""T5: a worker that the kernel kept from running, until others had its partitions, wakes up and goes on writing."""

import asyncio
from functools import partial

import pytest

from tests.faults.conftest import Happened, NewInstallation
from tests.faults.size import at_size
from tests.faults.watching import partitions_held, refused_writes, settled, until
from tests.integration.shop import a_shop
from tierline.embedded.process import free_port

SLEEPS = at_size(3, 8)
ORDERS = at_size(12_000, 50_000)


@pytest.mark.timeout(at_size(240, 600))
async def test_what_a_zombie_writes_is_refused(new_installation: NewInstallation, happened: Happened) -> None:
    shop, ports = new_installation(batch_records=50), [free_port(), free_port()]
    for port in ports:
        shop.options["metrics_port"] = port
        shop.start_worker()
    producing = asyncio.create_task(shop.produce(a_shop(ORDERS, seed=41), a_second=400))
    await shop.await_steps(500)
    flowing = 0
    for number in range(SLEEPS):
        zombie, heir = number % 2, 1 - number % 2
        await until(partial(_held, ports, [1, 1]), "each worker has one of the two partitions")
        shop.workers[zombie].pause()
        await until(partial(_held, [ports[heir]], [2]), "the other one has both")
        flowing += not producing.done()
        shop.workers[zombie].go_on()
    await producing
    await shop.await_rest(120)
    refused = sum([await asyncio.to_thread(refused_writes, port) for port in ports])
    happened("sleeps_while_orders_flowed", flowing)
    happened("refused_writes", refused)
    assert await settled(shop) > 500
    assert flowing == SLEEPS, "a zombie that has nothing to write shows nothing"
    assert refused >= 1, "no zombie tried to write: this run shows less than it says"


async def _held(ports: list[int], counts: list[int]) -> bool:
    return [await asyncio.to_thread(partitions_held, port) for port in ports] == counts
