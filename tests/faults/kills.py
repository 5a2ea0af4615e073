"""Kills that are aimed, and where they hit: inside of a transaction, or between its commit and the trim behind it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random

from tests.faults.conftest import Happened
from tests.faults.proxy import Proxy, is_trim
from tests.integration.installation import Installation
from tests.integration.moments import something_to_relay, soon
from tests.integration.worker_process import WorkerProcess


@dataclass(slots=True)
class Kills:
    """Kills workers of ``shop`` and starts them again."""

    shop: Installation
    random: Random
    is_one_open: Callable[[], Awaitable[bool]]
    count: int = field(default=0)

    async def kill_in_transaction(self) -> None:
        """Kill all of them while some transaction is open: nobody outside knows whose it is."""
        await soon(self.is_one_open)
        self._kill(self.shop.workers)

    async def kill_behind_commit(self) -> None:
        """Kill one of them soon after a commit."""
        await something_to_relay(self.shop)
        await asyncio.sleep(self.random.uniform(0, 0.06))
        self._kill([self.random.choice(self.shop.workers)])

    async def kill_by(self, gap: "AtTheGap") -> None:
        """Kill one of them between a transaction and its trim."""
        await gap.kill_one()
        self.count += 1

    async def report(self, happened: Happened) -> tuple[int, int]:
        """Return how many kills hit an open transaction, and how many the gap behind one."""
        transactions, gaps = await self.shop.open_transactions_hit(), self.shop.gaps_hit()
        happened("kills", self.count)
        happened("open_transactions_hit", transactions)
        happened("gaps_hit", gaps)
        return transactions, gaps

    def _kill(self, killed: list[WorkerProcess]) -> None:
        for worker in killed:
            worker.signal_kill()
        for worker in killed:
            worker.kill()
            worker.start()
        self.count += 1


class AtTheGap:
    """Kills the first worker that asks to trim what it has just published; the request goes nowhere.

    Each worker reaches Redis through a proxy of its own, so that the wire tells who asks.
    """

    def __init__(self) -> None:
        self._is_armed = False
        self._hit: WorkerProcess | None = None

    def watch(self, proxy: Proxy, worker: WorkerProcess) -> None:
        """Look at what this worker sends."""
        proxy.stops = lambda request: self._kills(worker, request)

    async def kill_one(self) -> None:
        """Wait until a worker was hit, and start it again."""
        self._is_armed = True
        await soon(self._has_hit)
        assert self._hit is not None
        self._hit.kill()
        self._hit.start()
        self._hit = None

    async def _has_hit(self) -> bool:
        return self._hit is not None

    def _kills(self, worker: WorkerProcess, request: bytes) -> bool:
        if not (self._is_armed and is_trim(request)):
            return False
        worker.signal_kill()
        self._is_armed, self._hit = False, worker
        return True
