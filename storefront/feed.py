"""One reader of the live streams per process; every open page listens to it, and none has a connection of its own."""

import asyncio
import itertools
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Final

from schemas.topics import ORDERS
from state.bodies import Body
from state.errors import StateError
from state.live_entry import LiveEntry, Place
from state.meta import decode_meta
from state.store import CHANGED_MAX
from storefront.overview import Look, overview
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
        self._pages: defaultdict[str | None, set[Listener]] = defaultdict(set)
        """The open pages by customer; None are those of the whole."""
        self._samples: deque[tuple[float, int]] = deque()
        self.overview: Body | None = None

    @property
    def listeners(self) -> int:
        """How many pages are open."""
        return sum(map(len, self._pages.values()))

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
        for listener in itertools.chain.from_iterable(self._pages.values()):
            listener.is_over = True
            listener.ring()

    @contextmanager
    def listening(self, customer_id: str | None = None) -> Iterator[Listener]:
        """Yield a listener to one customer's changes, or to all that is said and to the overview."""
        listener = Listener(customer_id)
        self._pages[customer_id].add(listener)
        try:
            yield listener
        finally:
            self._pages[customer_id].discard(listener)
            if not self._pages[customer_id]:
                del self._pages[customer_id]

    async def look(self) -> Look:
        """Return what the partitions say of themselves now."""
        blobs = [await self._reader.meta(partition) for partition in range(self._partitions)]
        notes = [await self._reader.lag(partition) for partition in range(self._partitions)]
        known = [note.records for note in notes if note is not None]
        lag = sum(known) if len(known) == self._partitions else None
        return Look([meta for meta in map(decode_meta, filter(None, blobs)) if meta.program], lag)

    async def begin(self) -> None:
        """See to it that there is an overview, so that a page opened early has the whole before what is said of it."""
        look = await self.look() if self.overview is None else None
        if look is not None and look.metas:
            self.overview = overview(look, self.orders_per_second)

    def take(self, entry: LiveEntry) -> None:
        """Hand an entry to the pages that it concerns."""
        if entry.body is None:
            self._changed[entry.partition] = entry.place
            for customer_id in self._pages.keys() & entry.customer_ids:
                for listener in self._pages[customer_id]:
                    listener.ring()
            return
        self._said[entry.partition] = entry.place
        for listener in self._pages.get(None, ()):
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
                self._sample(await self.look(), sampled_at)
            entries = await self._reader.await_live(self._said, self._changed, WAIT_MS)
            for entry in entries:
                self.take(entry)
            self._note_gaps(entries)
            await asyncio.sleep(GATHER_SECONDS)

    def _sample(self, look: Look, now: float) -> None:
        self._follow_from({meta.partition: meta.step for meta in look.metas})
        if not look.metas:
            return
        self._samples.append((now, sum(meta.offsets.get(ORDERS, 0) for meta in look.metas)))
        while now - self._samples[0][0] > RATE_SECONDS:
            self._samples.popleft()
        latest = overview(look, self.orders_per_second)
        if latest != self.overview:
            self.overview = latest
            for listener in self._pages.get(None, ()):
                listener.ring()

    def _follow_from(self, steps: Mapping[int, int]) -> None:
        """Begin at the end of each partition; a store that went back is followed from where it is now."""
        is_elsewhere = False
        for partition in range(self._partitions):
            step = steps.get(partition, 0)
            for places in (self._said, self._changed):
                if partition not in places or places[partition][0] > step:
                    places[partition] = (step, _LAST)
                    is_elsewhere = True
        if is_elsewhere:
            self._ring_customers()

    def _note_gaps(self, entries: Sequence[LiveEntry]) -> None:
        """Let every customer's page look again where a partition made more commits than it keeps notices of."""
        notices = Counter(entry.partition for entry in entries if entry.body is None)
        if any(count >= CHANGED_MAX for count in notices.values()):
            self._ring_customers()

    def _ring_customers(self) -> None:
        for customer_id, listeners in self._pages.items():
            if customer_id is not None:
                for listener in listeners:
                    listener.ring()
