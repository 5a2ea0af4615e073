"""T3: one worker of three is killed every moment, over and over, while orders flow."""

import asyncio
import time
from contextlib import ExitStack
from functools import partial
from random import Random

import pytest

from tests.faults.conftest import Happened, NewInstallation
from tests.faults.flow import Flow
from tests.faults.kills import AtTheGap, Kills
from tests.faults.proxy import before
from tests.faults.size import at_size
from tests.faults.watching import settled
from tests.integration.moments import transactions_of
from tests.integration.shop import a_shop
from tests.servers import NewValkey

ORDERS = at_size(15_000, 100_000)
KILLS = at_size(8, 30)
HIT_AT_LEAST = at_size(1, 3)
A_SECOND = at_size(500, 900)
REST_SECONDS = 120
LATE = 0.1


@pytest.mark.timeout(at_size(300, 900))
async def test_a_storm_of_kills_loses_nothing_and_says_nothing_twice(
    new_installation: NewInstallation, new_valkey: NewValkey, happened: Happened
) -> None:
    random, server, gap = Random(67), new_valkey(), AtTheGap()
    with ExitStack() as proxies:
        shop = new_installation(redis_url=server.url, partitions=3, batch_records=100)
        for _ in range(3):
            proxy = proxies.enter_context(before(server.port))
            shop.options["redis_url"] = proxy.url
            gap.watch(proxy, shop.start_worker())
        log = partial(a_shop, seed=67, customers=ORDERS // 10, redelivered=0.15, late=LATE)
        flow = Flow(shop, log, ORDERS, A_SECOND)
        await shop.await_steps(500)
        async with transactions_of(shop) as is_one_open:
            kills = Kills(shop, random, is_one_open)
            while kills.count < KILLS:
                await asyncio.sleep(random.uniform(0.1, 1))
                await (kills.kill_in_transaction() if kills.count % 2 else kills.kill_by(gap))
        flow.assert_flows()
        await flow.end()
        last_at = time.monotonic()
        await shop.await_rest(REST_SECONDS)
        happened("seconds_to_rest", round(time.monotonic() - last_at, 1))
        outputs = await settled(shop)
    transactions, gaps = await kills.report(happened)
    assert outputs > ORDERS // 10
    assert min(transactions, gaps) >= HIT_AT_LEAST, "too few kills hit what they were aimed at: void"
