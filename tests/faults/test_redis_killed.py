"""T6 and T8: Redis dies while it is given a commit, and its append-only file may be torn."""

import asyncio
import os
import signal
from pathlib import Path
from random import Random

import pytest

from tests.faults.conftest import Happened, NewInstallation
from tests.faults.proxy import before, is_commit
from tests.faults.size import at_size
from tests.faults.watching import journalled_steps, settled, steps_in_redis, until
from tests.integration.shop import a_shop
from tests.servers import NewValkey
from tierline.embedded import EmbeddedValkey
from tierline.embedded.valkey import AppendOnly

ORDERS = at_size(5_000, 30_000)
KILLS = at_size(3, 12)
TEARS = at_size(2, 6)


@pytest.mark.timeout(at_size(240, 500))
@pytest.mark.parametrize("aof", ["everysec", "always"])
async def test_a_redis_that_is_killed_in_mid_commit_has_all_of_it_or_nothing(
    new_installation: NewInstallation, new_valkey: NewValkey, happened: Happened, aof: AppendOnly
) -> None:
    server, killed = new_valkey(aof=aof), _Killed()
    with before(server.port) as proxy:
        proxy.watch = killed.watch
        shop = new_installation(redis_url=proxy.url, batch_records=50)
        for _ in range(2):
            shop.start_worker()
        producing = asyncio.create_task(shop.produce(a_shop(ORDERS, seed=53), a_second=500))
        await shop.await_steps(300)
        for number in range(KILLS):
            killed.arm(server.pid)
            await until(killed.came_to, "a commit came by", 90)
            server.kill()
            server.start()
            await shop.await_steps(300 * (number + 2))
        await producing
        outputs = await settled(shop)
    happened("kills_in_mid_commit", killed.count)
    assert outputs > 500
    assert killed.count == KILLS


class _Killed:
    """Kills the armed process from the proxy's thread, as soon as a commit has been passed on to it."""

    def __init__(self) -> None:
        self.count = 0
        self._pid: int | None = None

    def arm(self, pid: int) -> None:
        self._pid = pid

    async def came_to(self) -> bool:
        return self._pid is None

    def watch(self, request: bytes) -> bool:
        if self._pid is not None and is_commit(request):
            os.kill(self._pid, signal.SIGKILL)
            self.count += 1
            self._pid = None
        return False


@pytest.mark.timeout(at_size(240, 500))
async def test_an_append_only_file_torn_anywhere_is_made_good_along_the_journal(
    new_installation: NewInstallation, new_valkey: NewValkey, happened: Happened
) -> None:
    server, random = new_valkey(), Random(59)
    shop = new_installation(redis_url=server.url, batch_records=50)
    for _ in range(2):
        shop.start_worker()
    producing = asyncio.create_task(shop.produce(a_shop(ORDERS, seed=59), a_second=500))
    await shop.await_steps(600)
    behind, torn_bytes = [], []
    for number in range(TEARS):
        server.kill()
        torn_bytes.append(_tear(server, random))
        server.start()
        reached = await steps_in_redis(shop, server.url)
        behind.append(max(map(int.__sub__, await journalled_steps(shop), reached)))
        await shop.await_steps(600 * (number + 2))
    await producing
    outputs = await settled(shop)
    repeats = sum(worker.said.count("journalled steps to repeat") for worker in shop.workers)
    happened("bytes_torn_off", torn_bytes)
    happened("journalled_steps_lost_at_most", behind)
    happened("claims_that_repeated_steps", repeats)
    assert outputs > 500
    assert sum(lost > 0 for lost in behind) >= 1, "no tear went back behind the journal"
    assert repeats >= 1


def _tear(server: EmbeddedValkey, random: Random) -> int:
    """Cut the newest file of the log within its last third, which leaves every partition its first start."""
    newest: Path = max((server.folder / "appendonlydir").glob("*.incr.aof"), key=lambda one: one.stat().st_mtime_ns)
    size = newest.stat().st_size
    kept = random.randrange(size * 2 // 3, size)
    os.truncate(newest, kept)
    return size - kept
