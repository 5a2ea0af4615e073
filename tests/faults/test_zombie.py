"""T5: a worker that the kernel kept from running, until others had its partitions, wakes up and goes on writing."""

import asyncio
import threading
from contextlib import ExitStack
from functools import partial

import pytest

from tests.faults.conftest import Happened, NewInstallation
from tests.faults.flow import Flow
from tests.faults.proxy import before, is_commit
from tests.faults.size import at_size
from tests.faults.watching import partitions_held, refused_writes, settled, until
from tests.integration.shop import a_shop
from tests.servers import NewValkey
from tierline.embedded.process import free_port

SLEEPS = at_size(3, 8)
ORDERS = at_size(9_000, 50_000)
ANSWERED_SECONDS = 0.2
HELD_SECONDS_MAX = 90
"""Nobody waits for a commit of a test that failed meanwhile."""


@pytest.mark.timeout(at_size(240, 600))
async def test_what_a_zombie_writes_is_refused(
    new_installation: NewInstallation, new_valkey: NewValkey, happened: Happened
) -> None:
    server, ports, commits = new_valkey(), [free_port(), free_port()], [HeldCommit(), HeldCommit()]
    with ExitStack() as proxies:
        shop = new_installation(redis_url=server.url, batch_records=50)
        for port, commit in zip(ports, commits, strict=True):
            proxy = proxies.enter_context(before(server.port))
            proxy.hold = commit.hold
            shop.options |= {"redis_url": proxy.url, "metrics_port": port}
            shop.start_worker()
        flow = Flow(shop, partial(a_shop, seed=41), ORDERS, a_second=400)
        await shop.await_steps(500)
        await until(partial(_held, ports, [1, 1]), "each worker has one of the two partitions")
        sleeps = refused = 0
        # Where its relay notices in the same moment, that ends who would have counted the refusal.
        while sleeps < SLEEPS or not refused:
            zombie, heir = sleeps % 2, 1 - sleeps % 2
            await asyncio.to_thread(commits[zombie].catch)
            shop.workers[zombie].pause()
            await until(partial(_held, [ports[heir]], [2]), "the other one has both")
            flow.assert_flows()
            commits[zombie].let_go()
            await asyncio.sleep(ANSWERED_SECONDS)
            shop.workers[zombie].go_on()
            sleeps += 1
            await until(partial(_held, ports, [1, 1]), "each worker has one of the two partitions again")
            refused = sum([await asyncio.to_thread(refused_writes, port) for port in ports])
        await flow.end()
        happened("sleeps_while_orders_flowed", sleeps)
        happened("refused_writes", refused)
        assert await settled(shop) > 500


class HeldCommit:
    """A commit of a worker that stays on the wire for as long as the test wants it there."""

    def __init__(self) -> None:
        self._is_wanted, self._is_caught, self._may_go = threading.Event(), threading.Event(), threading.Event()

    async def hold(self, request: bytes) -> None:
        """Keep the commit that is wanted, in the proxy."""
        if self._is_wanted.is_set() and is_commit(request):
            self._is_wanted.clear()
            self._is_caught.set()
            await asyncio.to_thread(self._may_go.wait, HELD_SECONDS_MAX)

    def catch(self) -> None:
        """Wait for the next commit; it goes no farther. AssertionError where there is none for long."""
        self._is_caught.clear()
        self._may_go.clear()
        self._is_wanted.set()
        assert self._is_caught.wait(30), "the worker commits nothing"

    def let_go(self) -> None:
        """Let it reach the server."""
        self._may_go.set()


async def _held(ports: list[int], counts: list[int]) -> bool:
    return [await asyncio.to_thread(partitions_held, port) for port in ports] == counts
