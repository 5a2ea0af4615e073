"""Orders that flow for as long as a test does something to them, however slow the machine is."""

import asyncio
from collections.abc import Callable, Iterator

from tests.integration.installation import Installation
from tests.integration.shop import Record

_SPARE = 3


class Flow:
    """At least so many orders, and more of them until `end`; ``made`` returns the records of so many."""

    def __init__(self, shop: Installation, made: Callable[[int], list[Record]], at_least: int, a_second: int) -> None:
        self._at_least, self._is_enough = at_least, False
        self._records = made(_SPARE * at_least)
        self._producing = asyncio.create_task(shop.produce(self._flowing(), a_second))

    def assert_flows(self) -> None:
        """AssertionError where all of them are sent already: what happens from now on would hit an idle shop."""
        assert not self._producing.done(), "orders ended before the faults did"

    async def end(self) -> None:
        """Let no more orders than are wanted follow, and wait for the last one."""
        self._is_enough = True
        await self._producing

    def _flowing(self) -> Iterator[Record]:
        for number, record in enumerate(self._records):
            if self._is_enough and number >= self._at_least:
                return
            yield record
