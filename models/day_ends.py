"""When a day ends: every partition that is still heard of has swept its customers in the next one."""

from collections.abc import Iterable
from typing import Final, TypeAlias

from schemas.instants import DAY_MICROSECONDS, Instant

DAYS_WAITED: Final = 2
"""A partition farther behind the first one is not waited for."""

Clocks: TypeAlias = tuple[tuple[int, Instant], ...]
"""Partition and the latest instant heard of it, by partition."""


class DayEnds:
    """The watermark over the partitions' sweeps. Days are those of UTC: a day is a round of the sweep."""

    def __init__(self, clocks: Iterable[tuple[int, Instant]] = (), ended_at: Instant | None = None) -> None:
        self._clocks = dict(clocks)
        self._day = None if ended_at is None else ended_at // DAY_MICROSECONDS

    def reached(self, partition: int, at: Instant) -> Instant | None:
        """Note that a partition swept the day of ``at``; return the end of the day that ended with that, None for none.

        Where several days ended at once (a log that jumps), they end as one.
        """
        self._clocks[partition] = max(at, self._clocks.get(partition, at))
        days = [clock_at // DAY_MICROSECONDS for clock_at in self._clocks.values()]
        first_day = max(days)
        last_day = min(day for day in days if first_day - day <= DAYS_WAITED)
        if self._day is None:
            self._day = last_day
        if last_day <= self._day:
            return None
        self._day = last_day
        return last_day * DAY_MICROSECONDS

    def clocks(self) -> Clocks:
        """Return what is needed to go on."""
        return tuple(sorted(self._clocks.items()))
