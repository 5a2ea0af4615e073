"""T10: the broker is killed, or stopped in order, while orders flow, and comes back."""

import asyncio
import time
from functools import partial

import pytest

from tests.faults.conftest import Happened, NewInstallation
from tests.faults.flow import Flow
from tests.faults.size import at_size
from tests.faults.watching import settled
from tests.integration.shop import a_shop
from tests.servers import NewKafka

ORDERS = at_size(6_000, 30_000)
BOUNCES = at_size(2, 6)
DOWN_SECONDS = 2
PROGRESS_SECONDS = 60
PROGRESS_STEPS = 200


@pytest.mark.timeout(at_size(300, 600))
async def test_a_broker_that_bounces_costs_time_only(
    new_installation: NewInstallation, new_kafka: NewKafka, happened: Happened
) -> None:
    broker = new_kafka()
    shop = new_installation(kafka=broker.bootstrap, batch_records=50)
    for _ in range(2):
        shop.start_worker()
    flow = Flow(shop, partial(a_shop, seed=73), ORDERS, a_second=200)
    await shop.await_steps(300)
    took = []
    for number in range(BOUNCES):
        flow.assert_flows()
        await asyncio.to_thread(broker.stop if number % 2 else broker.kill)
        await asyncio.sleep(DOWN_SECONDS)
        reached = await shop.steps()
        began_at = time.monotonic()
        await asyncio.to_thread(broker.start)
        await shop.await_steps(reached + PROGRESS_STEPS, PROGRESS_SECONDS)
        took.append(round(time.monotonic() - began_at, 1))
    await flow.end()
    outputs = await settled(shop)
    happened("bounces_while_orders_flowed", BOUNCES)
    happened("seconds_to_progress", took)
    assert outputs > 500
