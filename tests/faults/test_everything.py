"""T15: kills, a zombie, a failover that loses commits, and models adopted meanwhile: live = journal = oracle.

By a wall clock on which a week of the log passes in a minute, and (at full size) by the clock of the log.
"""

import asyncio
import time
from functools import partial
from pathlib import Path
from random import Random

import pytest
import yaml

from schemas.journal import ModelAdoption
from tests.faults.conftest import Happened, NewInstallation
from tests.faults.failover import Lost, Pair, a_pair
from tests.faults.flow import Flow
from tests.faults.kills import Kills
from tests.faults.on_wall import end_time, put_on_wall
from tests.faults.size import SEED, at_size, only_full
from tests.faults.wall import Wall
from tests.faults.watching import partitions_held, refused_writes, settled, until
from tests.integration.beside_oracle import History, Json, assert_equals_oracle
from tests.integration.installation import Installation
from tests.integration.moments import transactions_of
from tests.integration.shop import a_shop
from tests.servers import NewValkey
from tests.snapshots import random_snapshot
from tierline.embedded.process import free_port

ORDERS = at_size(12_000, 40_000)
KILLS = at_size(4, 12)
A_SECOND = 250
MODEL_EVERY_SECONDS = 4.0
PROGRAM: Json = yaml.safe_load(Path("examples/grocery.yaml").read_text("utf-8"))

SPEED = at_size(10_000, 5_000)
"""Of the wall clock, so many times real time."""
AGO_SECONDS = 28 * 86_400
"""Where it begins. Retention takes outputs stamped 30 days ago, and a broker none that are stamped in its future."""
TICK_DELAY_SECONDS = 600
LATE_MS = 3_600_000
QUIET_SECONDS = 43_200
WALL_TICKS_AT_LEAST = 10


@pytest.mark.timeout(at_size(400, 900))
@pytest.mark.parametrize("clock", ["wall", pytest.param("log", marks=only_full)])
async def test_everything_at_once_changes_nothing(
    new_installation: NewInstallation, new_valkey: NewValkey, happened: Happened, tmp_path: Path, clock: str
) -> None:
    random, ports = Random(SEED), [free_port() for _ in range(3)]
    async with a_pair(new_valkey) as pair:
        shop = new_installation(redis_url=pair.url, partitions=3, batch_records=50, program=PROGRAM)
        wall = _a_fast_wall(shop, tmp_path) if clock == "wall" else None
        for port in ports:
            shop.options["metrics_port"] = port
            shop.start_worker()
        await shop.await_steps(shop.partitions)
        flow = Flow(shop, partial(_log, wall), ORDERS, A_SECOND)
        have_ended = asyncio.Event()
        publishing = asyncio.create_task(_models(shop, have_ended, random))
        await shop.await_steps(500)
        kills, lost = await _break(shop, pair, random, ports)
        flow.assert_flows()
        await flow.end()
        have_ended.set()
        await publishing
        if wall is not None:
            await until(partial(_shows, wall, wall.now() + QUIET_SECONDS), "half a day passes without an order")
        await shop.await_adoption(120)
        ended_at = None if wall is None else await end_time(shop, wall)
        refused = sum([await asyncio.to_thread(refused_writes, port) for port in ports])
        outputs = await settled(shop)
        transactions, gaps = await kills.report(happened)
        happened("refused_writes_of_who_still_lives", refused)
        happened("behind_the_journal", lost.journalled)
        histories = await assert_equals_oracle(shop, PROGRAM, is_ordered=False, end_at=ended_at)
        _assert_adopted(histories, happened)
        ticks = sum(history.wall_ticks() for history in histories)
        happened("ticks_ahead_of_every_record", ticks)
    assert outputs > 1_000
    assert transactions + gaps >= 1, "no kill came inside of a transaction or behind one"
    assert wall is None or ticks >= WALL_TICKS_AT_LEAST, "the wall clock hardly ticked"


def _a_fast_wall(shop: Installation, folder: Path) -> Wall:
    wall = Wall(folder / "wall")
    wall.put(time.time() - AGO_SECONDS, SPEED)
    put_on_wall(shop, wall, TICK_DELAY_SECONDS)
    return wall


async def _shows(wall: Wall, at: float) -> bool:
    return wall.now() >= at


def _log(wall: Wall | None, orders: int) -> list[tuple[str, bytes, int, bytes]]:
    """Return what a shop sends; by a wall clock, each record within two hours of its stamp, so that ticks run ahead."""
    if wall is None:
        return a_shop(orders, seed=SEED, customers=800)
    # Consents, refunds and redeliveries come with the orders: five records for four of them.
    every_ms = SPEED * 1000 * 5 // (A_SECOND * 4)
    return a_shop(orders, seed=SEED, customers=800, begin_ms=wall.now_us() // 1000 - LATE_MS, every_ms=every_ms)


async def _break(shop: Installation, pair: Pair, random: Random, ports: list[int]) -> tuple[Kills, Lost]:
    """Half of the kills, a zombie, the failover, and the other half."""
    async with transactions_of(shop) as is_one_open:
        kills = Kills(shop, random, is_one_open)
        await _some(kills, KILLS // 2)
        await _a_zombie(shop, ports)
        lost = await pair.lose_the_primary(shop)
        pair.lead_on()
        await shop.await_steps(500)
        await _some(kills, KILLS)
        # Each is aimed, and most come a moment too late: there are more of them until one is known to have hit.
        while not shop.gaps_hit() and kills.count < 3 * KILLS:
            await _some(kills, kills.count + 1)
    return kills, lost


def _assert_adopted(histories: list[History], happened: Happened) -> None:
    for history in histories:
        adopted = [step.version for step in history.steps if isinstance(step, ModelAdoption)]
        happened("adoptions", len(adopted))
        assert adopted == sorted(set(adopted))
        assert len(adopted) >= 3


async def _some(kills: Kills, until_count: int) -> None:
    while kills.count < until_count:
        await (kills.kill_in_transaction() if kills.count % 2 else kills.kill_behind_commit())
        await asyncio.sleep(kills.random.uniform(1, 3))


async def _models(shop: Installation, have_ended: asyncio.Event, random: Random) -> None:
    """Publish a model every few seconds while orders flow."""
    while not have_ended.is_set():
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
