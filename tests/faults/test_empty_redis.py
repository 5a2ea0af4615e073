"""T9: Redis is emptied while orders flow, while workers rest, and while they are stopped, and rebuilt each time."""

import asyncio

import pytest
from redis.asyncio import Redis

from schemas.topics import CHANGES, NUDGES, SUPPRESSIONS
from tests.faults.conftest import Happened, NewInstallation
from tests.faults.size import at_size
from tests.faults.watching import end_in_order, journalled_steps, settled, steps_in_redis, until
from tests.integration.commands import tierline
from tests.integration.installation import Installation
from tests.integration.shop import Record, a_shop
from tests.integration.worker_process import WorkerProcess
from tests.servers import NewValkey

WHILE = ("orders flow", "workers rest", "workers are stopped")
ORDERS = at_size(1_000, 3_000)
"""In each turn, a half of them meanwhile."""
TURNS = at_size(1, 3)
A_SECOND = 250


@pytest.mark.timeout(at_size(300, 900))
async def test_an_emptied_redis_is_refused_until_a_rebuild_and_nothing_is_said_twice(
    new_installation: NewInstallation, new_valkey: NewValkey, happened: Happened
) -> None:
    shop = new_installation(redis_url=new_valkey().url, batch_records=50)
    turns = TURNS * len(WHILE)
    log, refused, lost, came = a_shop(ORDERS * turns, seed=79), 0, [], []
    size = len(log) // turns + 1
    for _ in range(2):
        shop.start_worker()
    for number, begin in enumerate(range(0, len(log), size)):
        part = log[begin : begin + size]
        meanwhile = await _emptied(shop, WHILE[number % len(WHILE)], part)
        for worker in shop.workers:
            await _refuses(worker)
            refused += 1
        lost.append(sum(await journalled_steps(shop)))
        await _rebuilt(shop)
        await meanwhile
        rebuilt = await steps_in_redis(shop, shop.redis_url)
        for worker in shop.workers:
            worker.start()
        await shop.await_rest(120)
        came.append(sum(await steps_in_redis(shop, shop.redis_url)) - sum(rebuilt))
    outputs = await settled(shop)
    happened("emptied", len(lost))
    happened("workers_that_refused", refused)
    happened("journalled_steps_gone", lost)
    happened("steps_taken_after_the_rebuild", came)
    assert outputs > ORDERS // 4
    assert refused == 2 * turns
    assert min(lost) > 100, "an empty Redis beside an empty journal is a new shop"
    assert min(came) >= ORDERS // 2, "orders that came meanwhile were not taken"


async def _emptied(shop: Installation, when: str, part: list[Record]) -> "asyncio.Task[None]":
    """Flush Redis then; return what still sends orders."""
    half = len(part) // 2
    before = asyncio.create_task(shop.produce(part[:half], a_second=A_SECOND))
    reached = await shop.steps()
    if when == "orders flow":
        await shop.await_steps(reached + half // 2)
        await _flush(shop)
        return asyncio.create_task(_after(before, shop, part[half:]))
    await before
    await shop.await_rest()
    if when == "workers are stopped":
        for worker in shop.workers:
            await end_in_order(worker)
    await _flush(shop)
    if when == "workers are stopped":
        for worker in shop.workers:
            worker.start()
    return asyncio.create_task(shop.produce(part[half:], a_second=A_SECOND))


async def _after(before: "asyncio.Task[None]", shop: Installation, records: list[Record]) -> None:
    await before
    await shop.produce(records, a_second=A_SECOND)


async def _flush(shop: Installation) -> None:
    client = Redis.from_url(shop.redis_url)
    assert await client.dbsize() > 0, "it was empty before"
    await client.flushall()
    await client.aclose()


async def _refuses(worker: WorkerProcess) -> None:
    """Wait until it has ended by itself, with one line that says what to do."""

    async def has_ended() -> bool:
        assert worker.process is not None
        return worker.process.poll() is not None

    await until(has_ended, "a worker notices that Redis is empty")
    assert worker.process is not None
    assert worker.process.returncode == 1, worker.said[-1500:]
    assert "Traceback" not in worker.said
    last = worker.said.splitlines()[-1]
    assert last.startswith("error: "), last
    assert "Redis holds nothing of partition" in last
    assert "tierline rebuild" in last


async def _rebuilt(shop: Installation) -> None:
    """Make the states again, beside orders that come meanwhile; they equal the fold, and nothing is said again."""
    said = await _said(shop)
    done = await asyncio.to_thread(tierline, "rebuild", "--all", settings=shop.settings)
    assert done.code == 0, done.err
    assert await _said(shop) == said
    await shop.assert_books()


async def _said(shop: Installation) -> list[int]:
    read = [await shop.read_all((NUDGES, SUPPRESSIONS, CHANGES), partition) for partition in range(shop.partitions)]
    return [len(records) for topics in read for records in topics.values()]
