"""Waiting for news of several partitions where Redis Cluster reads one slot a call.

Each partition has a read of its own under way, on a connection of its own. One that outlasts a call is taken up by the
next, so that nothing is asked twice and no connection is dropped for having waited in vain.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import TypeAlias

from state.live_entry import LiveEntry, Place

Places: TypeAlias = Mapping[int, Place]
Read: TypeAlias = Callable[[Places, Places, int], Coroutine[object, object, list[LiveEntry]]]


class Waits:
    """``read`` waits for news after the places of one partition; its errors come where no partition has news."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._under_way: dict[int, tuple[tuple[Places, Places], asyncio.Task[list[LiveEntry]]]] = {}

    async def any(self, places: Places, changed: Places, wait_ms: int) -> list[LiveEntry]:
        """Return what came after these places; empty if nothing did within ``wait_ms``."""
        clock = asyncio.get_running_loop().time
        ends_at = clock() + wait_ms / 1000
        while True:
            for partition in places.keys() | changed.keys():
                self._wait(partition, _only(partition, places), _only(partition, changed), wait_ms)
            tasks = [task for _, task in self._under_way.values()]
            await asyncio.wait(tasks, timeout=max(0.0, ends_at - clock()), return_when=asyncio.FIRST_COMPLETED)
            found, errors = self._taken()
            if found or (not errors and clock() >= ends_at):
                return found
            if errors:
                raise errors[0]

    async def stop(self) -> None:
        """End every read."""
        tasks = [task for _, task in self._under_way.values()]
        self._under_way.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _wait(self, partition: int, places: Places, changed: Places, wait_ms: int) -> None:
        after = (places, changed)
        if partition in self._under_way:
            asked, task = self._under_way[partition]
            if asked == after:
                return
            task.cancel()
        self._under_way[partition] = (after, asyncio.create_task(self._read(places, changed, wait_ms)))

    def _taken(self) -> tuple[list[LiveEntry], list[BaseException]]:
        """Return news and errors of the reads that ended, and forget those reads."""
        found: list[LiveEntry] = []
        errors: list[BaseException] = []
        for partition, (_, task) in list(self._under_way.items()):
            if task.done():
                del self._under_way[partition]
                error = task.exception()
                if error is None:
                    found += task.result()
                else:
                    errors.append(error)
        return found, errors


def _only(partition: int, places: Places) -> Places:
    return {partition: places[partition]} if partition in places else {}
