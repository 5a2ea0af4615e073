"""Local calendar days of one time zone."""

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

from schemas.instants import DAY_MICROSECONDS, Instant, from_datetime, to_datetime

Day: TypeAlias = int
"""A local calendar day, as `date.toordinal()`."""

_EPOCH_DAY = date(1970, 1, 1).toordinal()


class Calendar:
    """The days of one zone; a day starts at its first existing instant (some zones skip 00:00)."""

    __slots__ = ("_ends_at", "_last_day", "_starts", "_starts_at", "zone")

    def __init__(self, zone: str) -> None:
        self.zone = ZoneInfo(zone)
        self._starts: dict[Day, Instant] = {}
        # Most questions are about the day of the one before.
        self._last_day: Day = 0
        self._starts_at: Instant = 0
        self._ends_at: Instant = 0

    def start_of(self, day: Day) -> Instant:
        """Return the first instant of ``day``."""
        start = self._starts.get(day)
        if start is None:
            start = self._starts[day] = _first_instant(self.zone, day)
        return start

    def day_of(self, at: Instant) -> Day:
        """Return the day that ``at`` lies in."""
        if self._starts_at <= at < self._ends_at:
            return self._last_day
        day = at // DAY_MICROSECONDS + _EPOCH_DAY
        while self.start_of(day) > at:
            day -= 1
        while self.start_of(day + 1) <= at:
            day += 1
        self._last_day, self._starts_at, self._ends_at = day, self.start_of(day), self.start_of(day + 1)
        return day

    def local_time(self, at: Instant) -> datetime:
        """Return ``at`` on the wall clocks of the zone."""
        return to_datetime(at).astimezone(self.zone)


@lru_cache(maxsize=1024)
def calendar_of(zone: str) -> Calendar:
    """Return the one calendar of ``zone``; its days are computed once."""
    return Calendar(zone)


def wall_instant(zone: ZoneInfo, day: date, at: time) -> Instant:
    """Return when the wall clocks of ``zone`` show ``at`` on ``day``.

    The first of two where clocks go back; moved forward by the gap where they skip it.
    """
    return from_datetime(datetime.combine(day, at, tzinfo=zone).astimezone(UTC))


def january_first(year: int) -> Day:
    """Return the first day of ``year``."""
    return date(year, 1, 1).toordinal()


def year_of(day: Day) -> int:
    """Return the calendar year of ``day``."""
    return date.fromordinal(day).year


def _first_instant(zone: ZoneInfo, day: Day) -> Instant:
    local = datetime.combine(date.fromordinal(day), time.min, tzinfo=zone)
    start = local.astimezone(UTC)
    if start.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return from_datetime(start)
    earliest = start - timedelta(hours=26)
    skipped = bisect_left(
        range(30 * 60), local.date(), key=lambda minute: (earliest + timedelta(minutes=minute)).astimezone(zone).date()
    )
    return from_datetime(earliest + timedelta(minutes=skipped))
