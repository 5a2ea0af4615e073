"""One reader of the live streams per process; every open page listens to it, and none has a connection of its own."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Final

from schemas.topics import ORDERS
from state.bodies import Body
from state.errors import StateError
from state.meta import PartitionMeta, decode_meta
from state.redis_reading import LiveEntry, Place
from storefront.overview import overview
from storefront.ports import StateReader

WAIT_MS: Final = 500
GATHER_SECONDS: Final = 0.05
"""Busy partitions commit often: what comes within this time is read at once."""
SAMPLE_SECONDS: Final = 1.0
RATE_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 1.0
UNSENT_MAX: Final = 5000
"""A page that lies this far behind is let go; it comes back and resumes."""
_LAST: Final = 2**32


class Listener:
    """An open page: what it has not sent yet, and a bell."""

    def __init__(self, customer_id: str | None) -> None:
        self.customer_id = customer_id
        self.unsent: deque[LiveEntry] = deque()
        self.is_over = False
        self._bell = asyncio.Event()

    def ring(self) -> None:
        """Wake the page."""
        self._bell.set()

    async def wait(self, seconds: float) -> bool:
        """Return True when something came, False after ``seconds`` of silence."""
        try:
            async with asyncio.timeout(seconds):
                await self._bell.wait()
        except TimeoutError:
            return False
        self._bell.clear()
        return True


class Feed:
    """Follows every partition while `running`; `overview` is the latest one, None before the first."""

    def __init__(self, reader: StateReader, partitions: int) -> None:
        self._reader = reader
        self._partitions = partitions
        self._said: dict[int, Place] = {}
        self._changed: dict[int, Place] = {}
        self._listeners: set[Listener] = set()
        self._samples: deque[tuple[float, int]] = deque()
        self.overview: Body | None = None

    @property
    def listeners(self) -> int:
        """How many pages are open."""
        return len(self._listeners)

    @property
    def orders_per_second(self) -> float:
        """Orders taken over the last 5 s, 0 before there are two looks."""
        if len(self._samples) < 2:
            return 0.0
        (began_at, before), (ended_at, after) = self._samples[0], self._samples[-1]
        return max(0.0, (after - before) / (ended_at - began_at))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow the partitions in the background."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            self.end()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def end(self) -> None:
        """Let every page go; a browser comes back by itself and resumes."""
        for listener in self._listeners:
            listener.is_over = True
            listener.ring()

    @contextmanager
    def listening(self, customer_id: str | None = None) -> Iterator[Listener]:
        """Yield a listener to one customer's changes, or to all that is said and to the overview."""
        listener = Listener(customer_id)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def metas(self) -> list[PartitionMeta]:
        """Return the metas of the partitions that have been started."""
        blobs = [await self._reader.meta(partition) for partition in range(self._partitions)]
        return [meta for meta in map(decode_meta, filter(None, blobs)) if meta.program]

    def take(self, entry: LiveEntry) -> None:
        """Hand an entry to the pages that it concerns."""
        if entry.body is None:
            self._changed[entry.partition] = entry.place
            for listener in self._listeners:
                if listener.customer_id in entry.customer_ids:
                    listener.ring()
            return
        self._said[entry.partition] = entry.place
        for listener in self._listeners:
            if listener.customer_id is None:
                listener.unsent.append(entry)
                listener.is_over |= len(listener.unsent) > UNSENT_MAX
                listener.ring()

    async def _run(self) -> None:
        while True:
            try:
                await self._follow()
            except StateError:
                # The store is gone: /health/ready and every request say so; pages wait.
                await asyncio.sleep(RETRY_SECONDS)

    async def _follow(self) -> None:
        clock = asyncio.get_running_loop().time
        sampled_at = float("-inf")
        while True:
            if clock() - sampled_at >= SAMPLE_SECONDS:
                sampled_at = clock()
                self._sample(await self.metas(), sampled_at)
            for entry in await self._reader.await_live(self._said, self._changed, WAIT_MS):
                self.take(entry)
            await asyncio.sleep(GATHER_SECONDS)

    def _sample(self, metas: list[PartitionMeta], now: float) -> None:
        steps = {meta.partition: meta.step for meta in metas}
        for partition in range(self._partitions):
            step = steps.get(partition, 0)
            # The first look begins at the end; a store that went back is followed from where it is now.
            for places in (self._said, self._changed):
                if partition not in places or places[partition][0] > step:
                    places[partition] = (step, _LAST)
        if not metas:
            return
        self._samples.append((now, sum(meta.offsets.get(ORDERS, 0) for meta in metas)))
        while now - self._samples[0][0] > RATE_SECONDS:
            self._samples.popleft()
        latest = overview(metas, self.orders_per_second)
        if latest != self.overview:
            self.overview = latest
            for listener in self._listeners:
                if listener.customer_id is None:
                    listener.ring()
