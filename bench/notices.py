"""Which commits changed a watched customer, read from the store beside the API."""

import asyncio
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from state.customer import decode_state
from state.live_entry import Place
from state.meta import decode_meta
from state.redis_repository import RedisRepository
from state.store import Wanted

WAIT_MS: Final = 500
_LAST: Final = 2**32


class Seen(NamedTuple):
    """A watched customer's state, committed at ``at`` at the latest."""

    customer_id: str
    offset: int
    """Of the last record in it."""
    at: float


class Notices:
    """Follows the commits while `running`."""

    def __init__(self, repository: RedisRepository, partitions: int, watched: Collection[str]) -> None:
        self.seen: list[Seen] = []
        self._repository, self._partitions, self._watched = repository, partitions, frozenset(watched)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow from here on; raises at the end what went wrong meanwhile."""
        places: dict[int, Place] = {}
        for partition in range(self._partitions):
            places[partition] = (decode_meta(await self._repository.meta(partition) or b"{}").step, _LAST)
        task = asyncio.create_task(self._follow(places))
        try:
            yield
        finally:
            if not task.done():
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if not task.cancelled():
                task.result()

    async def _follow(self, places: dict[int, Place]) -> None:
        while True:
            entries = await self._repository.await_live({}, places, WAIT_MS)
            at = time.monotonic()
            touched: dict[int, set[str]] = {}
            for entry in entries:
                places[entry.partition] = entry.place
                touched.setdefault(entry.partition, set()).update(self._watched.intersection(entry.customer_ids))
            for partition, ids in touched.items():
                await self._note(partition, sorted(ids), at)

    async def _note(self, partition: int, ids: list[str], at: float) -> None:
        if not ids:
            return
        states = (await self._repository.load(partition, Wanted(ids))).states
        for customer_id, blob in states.items():
            source = None if blob is None else decode_state(blob).source
            if source is not None:
                self.seen.append(Seen(customer_id, source.offset, at))
