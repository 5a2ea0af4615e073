"""Customers whose spend is waited for: of each day's samples a hundred of those whose turn it is.

A customer's turn comes once in `label_days`, so that nobody is watched twice at a time: a small shop's labels would
else be the same few orders over and over. Of a large shop's customers it is the first hundred of the day's order.
A fold of the samples that can begin at any later one: whose turn it is does not depend on the days before or on who
else is known, and a day is settled whole.
"""

from heapq import heappush, heapreplace
from typing import Final, NamedTuple

from schemas.features import CustomerFacts
from schemas.instants import DAY_MICROSECONDS, Instant

_NEVER: Final = -(10**9)
_SPREAD: Final = 0x9E3779B97F4A7C15
_TURN: Final = 0xBF58476D1CE4E5B9
_CIRCLE: Final = (1 << 64) - 1
"""Odd constants of SplitMix64 (Steele, Lea and Flood 2014): keys lie spread on a circle, which turns every day."""


class Watched(NamedTuple):
    """One customer as sampled on the day."""

    key: int
    facts: CustomerFacts
    at: Instant
    offset: int


class WatchedDays:
    """By day, those who are watched since then."""

    def __init__(self, customers_a_day: int, label_days: int, settled_until: Instant | None = None) -> None:
        """``settled_until``: the end of the last day that ended, where another trainer settled what was due then."""
        self._most, self._label_days = customers_a_day, label_days
        self._days: dict[int, _Day] = {}
        self._settled_day = _NEVER if settled_until is None else self._due_day(settled_until)

    def put(self, one: Watched) -> None:
        """Watch a customer whose turn it is, if among the first; of several samples on a day the latest counts."""
        day = one.at // DAY_MICROSECONDS
        if day > self._settled_day and (one.key + day) % self._label_days == 0:
            self._days.setdefault(day, _Day()).put((one.key * _SPREAD + day * _TURN) & _CIRCLE, one, self._most)

    def settle(self, ended_at: Instant) -> list[Watched]:
        """Return those whose time is over at the end of a day, in the order of day and place, and forget them."""
        due = self._due_day(ended_at)
        self._settled_day = max(self._settled_day, due)
        settled = []
        for day in sorted(day for day in self._days if day <= due):
            settled += [one for _, one in sorted(self._days.pop(day).watched.items())]
        return settled

    def oldest_offset(self, otherwise: int) -> int:
        """Return the offset from which on everyone watched can be read again."""
        offsets = (one.offset for day in self._days.values() for one in day.watched.values())
        return min(offsets, default=otherwise)

    def _due_day(self, ended_at: Instant) -> int:
        """Return the last day whose watched have been seen for long enough: the sweep of the day that began is done."""
        return ended_at // DAY_MICROSECONDS - self._label_days


class _Day:
    """The watched of one day by place, and the places with the last one first."""

    def __init__(self) -> None:
        self.watched: dict[int, Watched] = {}
        self._places: list[int] = []

    def put(self, place: int, one: Watched, most: int) -> None:
        known = self.watched.get(place)
        if known is not None:
            if known.at <= one.at:
                self.watched[place] = one
        elif len(self._places) < most:
            self.watched[place] = one
            heappush(self._places, -place)
        elif place < -self._places[0]:
            self.watched[place] = one
            del self.watched[-heapreplace(self._places, -place)]
