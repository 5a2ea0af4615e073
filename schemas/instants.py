"""Instants: microseconds since the epoch (UTC) inside, RFC 3339 text on the wire."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated

import msgspec

Instant = int
"""Microseconds since 1970-01-01T00:00:00Z."""

HOUR_MICROSECONDS: Instant = 3_600_000_000
DAY_MICROSECONDS: Instant = 24 * HOUR_MICROSECONDS

INSTANT_MIN: Instant = -2_208_988_800_000_000
"""1900-01-01T00:00:00Z: nothing in a shop's log is older."""
INSTANT_MAX: Instant = 253_402_300_799_999_999
"""9999-12-31T23:59:59.999999Z: the last instant a datetime can hold."""

WireDatetime = Annotated[datetime, msgspec.Meta(tz=True)]
"""An RFC 3339 date and time that must name its offset; digits beyond microseconds are rounded by the reader."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_instant(text: str) -> Instant:
    """Return the instant that ``text`` names; ValueError when it is not RFC 3339 with an offset."""
    return from_datetime(read_datetime(text))


def read_datetime(text: str) -> datetime:
    """Return the aware datetime that ``text`` names, by the one parser that every path uses.

    Raises ValueError (msgspec's) when it is not RFC 3339 with an offset.
    """
    return msgspec.convert(text, WireDatetime)


@lru_cache(maxsize=8192)
def format_instant(at: Instant) -> str:
    """Return RFC 3339 text in UTC: no fraction when 0, three digits when whole milliseconds, else six."""
    days, within_day = divmod(at, 86_400_000_000)
    seconds, micros = divmod(within_day, 1_000_000)
    minutes, second = divmod(seconds, 60)
    text = f"{_date_text(days)}T{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}"
    if micros == 0:
        return text + "Z"
    if micros % 1000 == 0:
        return f"{text}.{micros // 1000:03d}Z"
    return f"{text}.{micros:06d}Z"


@lru_cache(maxsize=4096)
def _date_text(days: int) -> str:
    return (_EPOCH + timedelta(days=days)).date().isoformat()


def from_datetime(moment: datetime) -> Instant:
    """Return the instant of an aware datetime."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def to_datetime(at: Instant) -> datetime:
    """Return the aware UTC datetime of an instant."""
    return _EPOCH + timedelta(microseconds=at)
