"""T15: kills, a zombie, a failover that loses commits, and models adopted meanwhile: live = journal = oracle."""

import asyncio
from functools import partial
from pathlib import Path
from random import Random

import pytest
import yaml

from schemas.journal import ModelAdoption
from tests.faults.conftest import Happened, NewInstallation
from tests.faults.failover import a_pair
from tests.faults.kills import Kills
from tests.faults.size import at_size
from tests.faults.watching import partitions_held, refused_writes, settled, until
from tests.integration.beside_oracle import Json, assert_equals_oracle
from tests.integration.installation import Installation
from tests.integration.shop import a_shop
from tests.integration.test_worker import transactions_of
from tests.servers import NewValkey
from tests.snapshots import random_snapshot
from tierline.embedded.process import free_port

ORDERS = at_size(12_000, 40_000)
KILLS = at_size(4, 12)
MODEL_EVERY_SECONDS = 4.0
PROGRAM: Json = yaml.safe_load(Path("examples/grocery.yaml").read_text("utf-8"))


@pytest.mark.timeout(at_size(400, 900))
async def test_everything_at_once_changes_nothing(
    new_installation: NewInstallation, new_valkey: NewValkey, happened: Happened
) -> None:
    random, ports = Random(61), [free_port() for _ in range(3)]
    async with a_pair(new_valkey) as pair:
        shop = new_installation(redis_url=pair.url, partitions=3, batch_records=50, program=PROGRAM)
        for port in ports:
            shop.options["metrics_port"] = port
            shop.start_worker()
        producing = asyncio.create_task(shop.produce(a_shop(ORDERS, seed=61, customers=800), a_second=250))
        publishing = asyncio.create_task(_models(shop, producing, random))
        await shop.await_steps(500)
        async with transactions_of(shop) as is_one_open:
            kills = Kills(shop, random, is_one_open)
            await _some(kills, KILLS // 2)
            await _a_zombie(shop, ports)
            lost = await pair.lose_the_primary(shop)
            pair.lead_on()
            await shop.await_steps(500)
            await _some(kills, KILLS)
        assert not producing.done(), "orders ended before the faults did"
        await producing
        await publishing
        await shop.await_adoption(120)
        refused = sum([await asyncio.to_thread(refused_writes, port) for port in ports])
        outputs = await settled(shop)
        transactions, gaps = await kills.report(happened)
        happened("refused_writes_of_who_still_lives", refused)
        happened("behind_the_journal", lost.journalled)
        for history in await assert_equals_oracle(shop, PROGRAM, is_ordered=False):
            adopted = [step.version for step in history.steps if isinstance(step, ModelAdoption)]
            happened("adoptions", len(adopted))
            assert adopted == sorted(set(adopted))
            assert len(adopted) >= 3
    assert outputs > 1_000
    assert transactions + gaps >= 1, "no kill came inside of a transaction or behind one"


async def _some(kills: Kills, until_count: int) -> None:
    while kills.count < until_count:
        await (kills.kill_in_transaction() if kills.count % 2 else kills.kill_behind_commit())
        await asyncio.sleep(kills.random.uniform(1, 3))


async def _models(shop: Installation, producing: "asyncio.Task[None]", random: Random) -> None:
    """Publish a model every few seconds while orders flow."""
    while not producing.done():
        await shop.publish_model(random_snapshot(random))
        await asyncio.sleep(MODEL_EVERY_SECONDS)


async def _a_zombie(shop: Installation, ports: list[int]) -> None:
    """Keep a worker from running until the others have every partition, then let it go on."""
    await until(partial(_held, ports, shop.partitions), "every partition has an owner, every worker one partition", 90)
    shop.workers[0].pause()
    await until(partial(_held, ports[1:], shop.partitions), "the others have every partition", 90)
    shop.workers[0].go_on()


async def _held(ports: list[int], count: int) -> bool:
    """Tell whether each of these workers has a partition, and all together so many."""
    held = [await asyncio.to_thread(partitions_held, port) for port in ports]
    return min(held) > 0 and sum(held) == count
