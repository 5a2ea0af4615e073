"""The broker is killed while a relay's transaction is open, and comes back; the workers live on."""

import asyncio
from functools import partial
from random import Random

import pytest

from tests.faults.conftest import Happened, NewInstallation
from tests.faults.flow import Flow
from tests.faults.size import at_size
from tests.faults.watching import settled
from tests.integration.installation import Installation
from tests.integration.moments import soon, transactions_of
from tests.integration.shop import a_shop
from tests.servers import NewKafka
from tierline.embedded import EmbeddedKafka

ORDERS = at_size(6_000, 30_000)
KILLS = at_size(3, 10)
GIVEN_UP_EVERY = 4
HIT_AT_LEAST = at_size(1, 3)
SETTLED_SECONDS = 0.2
PROGRESS_SECONDS = 60
PROGRESS_STEPS = 200


@pytest.mark.timeout(at_size(300, 900))
async def test_a_broker_killed_inside_of_a_transaction_publishes_all_of_it_once(
    new_installation: NewInstallation, new_kafka: NewKafka, happened: Happened
) -> None:
    broker, random = new_kafka(), Random(29)
    shop = new_installation(kafka=broker.bootstrap, batch_records=50)
    for _ in range(2):
        shop.start_worker()
    flow = Flow(shop, partial(a_shop, seed=29), ORDERS, a_second=200)
    await shop.await_steps(300)
    for number in range(KILLS):
        flow.assert_flows()
        await killed_in_transaction(broker, shop)
        if number % GIVEN_UP_EVERY == 0:
            await asyncio.to_thread(broker.start)
            await given_up(shop)
            _go_on(shop)
        else:
            _go_on(shop)
            await asyncio.sleep(random.uniform(0.1, 2))
            await asyncio.to_thread(broker.start)
        await shop.await_steps(await shop.steps() + PROGRESS_STEPS, PROGRESS_SECONDS)
    await flow.end()
    outputs = await settled(shop)
    aborted = await shop.open_transactions_hit()
    happened("killed_with_an_open_transaction", KILLS)
    happened("transactions_given_up", aborted)
    assert outputs > 500
    assert aborted >= HIT_AT_LEAST


async def killed_in_transaction(broker: EmbeddedKafka, shop: Installation) -> None:
    """Kill the broker while a transaction is open. Its worker would end it first, so all of them stand still then."""
    async with transactions_of(shop) as is_one_open:
        while broker.running:
            _go_on(shop)
            await soon(is_one_open)
            for worker in shop.workers:
                worker.pause()
            await asyncio.sleep(SETTLED_SECONDS)  # A request to end it may have been on its way.
            if await is_one_open():
                await asyncio.to_thread(broker.kill)


async def given_up(shop: Installation) -> None:
    """Wait until the broker gives up what is open; who goes on before that ends its transaction as if nothing was."""
    async with transactions_of(shop) as is_one_open:

        async def is_none_open() -> bool:
            return not await is_one_open()

        await soon(is_none_open)


def _go_on(shop: Installation) -> None:
    for worker in shop.workers:
        worker.go_on()
