"""The broker is killed while a relay's transaction is open, and comes back; the workers live on."""

import asyncio
from random import Random

import pytest

from tests.faults.conftest import Happened, NewInstallation
from tests.faults.size import at_size
from tests.faults.watching import settled
from tests.integration.shop import a_shop
from tests.integration.test_worker import soon, transactions_of
from tests.servers import NewKafka

ORDERS = at_size(6_000, 30_000)
KILLS = at_size(3, 10)
HIT_AT_LEAST = at_size(1, 3)
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
    producing = asyncio.create_task(shop.produce(a_shop(ORDERS, seed=29), a_second=200))
    await shop.await_steps(300)
    for _ in range(KILLS):
        assert not producing.done(), "nothing was under way"
        async with transactions_of(shop) as is_one_open:
            await soon(is_one_open)
            await asyncio.to_thread(broker.kill)
        await asyncio.sleep(random.uniform(0.1, 2))
        reached = sum(meta.step for meta in await shop.metas())
        await asyncio.to_thread(broker.start)
        await shop.await_steps(reached + PROGRESS_STEPS, PROGRESS_SECONDS)
    await producing
    outputs = await settled(shop)
    hit = await shop.open_transactions_hit()
    happened("kills", KILLS)
    happened("open_transactions_hit", hit)
    assert outputs > 500
    assert hit >= HIT_AT_LEAST
