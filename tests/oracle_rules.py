"""The rules file as the oracle reads it, and the local calendar it counts days in: standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from zoneinfo import ZoneInfo

from tests.oracle_definitions import definitions_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND_US = 1_000_000
HOUR_US = 3600 * SECOND_US
DAY_US = 24 * HOUR_US
QUARTER_US = 900 * SECOND_US

ZERO_DIGITS = tuple("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split())  # noqa: SIM905
THREE_DIGITS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
SERVICE_KINDS = ("tier_upgraded", "tier_downgraded")
VALID_DAYS = {"tier_near": 14, "tier_upgraded": 7, "tier_downgraded": 7, "tier_at_risk": 0}
DEFAULT_LEVELS: list[dict[str, object]] = [
    {"name": "bronze"},
    {"name": "silver", "spend": 500, "orders": 4},
    {"name": "gold", "spend": 1000, "orders": 8},
    {"name": "platinum", "spend": 2000, "orders": 15},
]


def minor_digits(currency: str) -> int:
    """Return how many decimal places the currency has."""
    if currency in ZERO_DIGITS:
        return 0
    if currency in THREE_DIGITS:
        return 3
    return 4 if currency in ("CLF", "UYW") else 2


def money(minor: int, currency: str) -> str:
    """Return minor units as the decimal string of the wire."""
    digits = minor_digits(currency)
    return f"{Decimal(minor).scaleb(-digits):.{digits}f}"


def to_datetime(at: int) -> datetime:
    """Return microseconds since the epoch as an aware UTC datetime."""
    return EPOCH + at * MICROSECOND


def from_datetime(moment: datetime) -> int:
    """Return an aware datetime as microseconds since the epoch."""
    return (moment - EPOCH) // MICROSECOND


def instant_text(at: int) -> str:
    """Return RFC 3339 in UTC: no fraction, 3 digits or 6 digits, whichever is exact."""
    moment = to_datetime(at)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    if at % SECOND_US:
        text += f".{moment.microsecond // 1000:03d}" if at % 1000 == 0 else f".{moment.microsecond:06d}"
    return text + "Z"


@lru_cache(maxsize=100_000)
def day_of(at: int, zone: ZoneInfo) -> int:
    """Return the local calendar day of an instant, as an ordinal."""
    return to_datetime(at).astimezone(zone).date().toordinal()


@lru_cache(maxsize=100_000)
def start_of(day: int, zone: ZoneInfo) -> int:
    """Return the first instant whose local date is that day (or later, where the day does not exist)."""
    at = from_datetime(datetime.combine(date.fromordinal(day), time(), UTC)) - 16 * HOUR_US
    while day_of(at, zone) < day:
        at += QUARTER_US
    low, high = at - QUARTER_US, at
    while high - low > SECOND_US:
        middle = low + (high - low) // (2 * SECOND_US) * SECOND_US
        low, high = (low, middle) if day_of(middle, zone) >= day else (middle, high)
    return high


def year_of(day: int) -> int:
    """Return the calendar year of a day."""
    return date.fromordinal(day).year


def new_year(year: int) -> int:
    """Return 1 January of a year, as a day."""
    return date(year, 1, 1).toordinal()


@dataclass(frozen=True)
class Level:
    """One rung: a criterion that is None is not asked for."""

    name: str
    spend: int | None
    orders: int | None


@dataclass(frozen=True)
class Kind:
    """The settings of one kind of nudge."""

    mode: str
    holdout: float
    valid_days: int
    incentive: object


class Rules:
    """A program with the documented default for every key that it leaves out."""

    def __init__(self, program: Mapping[str, object], program_version: str) -> None:
        self.program_version = program_version
        self.version = _int(_get(program, "version", 1))
        self.currency = str(_get(program, "currency", "USD"))
        self.zone = ZoneInfo(str(_get(program, "time_zone", "UTC")))
        self._read_tiers(program)
        self._read_nudges(program)
        self.definitions = definitions_of(program)

    def _read_tiers(self, program: Mapping[str, object]) -> None:
        window = _get(program, "tiers.window", {"rolling_days": 365})
        self.calendar = _get(window, "calendar_year", False) is True
        self.lifetime = _get(window, "lifetime", False) is True
        self.window_days = _int(_get(window, "rolling_days", 365))
        self.match_all = _get(program, "tiers.match", "any") == "all"
        self.term_days = _int(_get(program, "tiers.term_days", 365))
        self.grace_days = _int(_get(program, "tiers.grace_days", 30))
        self.within_days = _int(_get(program, "tiers.refund_reversal.within_days", 60))
        self.debounce_us = _int(_get(program, "tiers.refund_reversal.debounce_hours", 24)) * HOUR_US
        levels = _get(program, "tiers.levels", DEFAULT_LEVELS)
        assert isinstance(levels, list)
        self.levels = [self._level(level) for level in levels]
        self.names = [level.name for level in self.levels]
        self.top = len(self.levels) - 1

    def _level(self, level: object) -> Level:
        spend, orders = _get(level, "spend", None), _get(level, "orders", None)
        unit = 10 ** minor_digits(self.currency)
        spend_minor = None if spend is None else int(Decimal(str(spend)) * unit)
        return Level(str(_get(level, "name", "")), spend_minor, None if orders is None else _int(orders))

    def _read_nudges(self, program: Mapping[str, object]) -> None:
        self.quiet: tuple[time, time] | None = None
        if _get(program, "nudges.quiet_hours", {}) is not None:
            begins = str(_get(program, "nudges.quiet_hours.from", "21:00"))
            ends = str(_get(program, "nudges.quiet_hours.to", "08:00"))
            self.quiet = (time.fromisoformat(begins), time.fromisoformat(ends))
        self.salt = str(_get(program, "nudges.holdout.salt", "tierline"))
        self.share = float(str(_get(program, "nudges.holdout.share", 0.05)))
        self.per_day = _int(_get(program, "nudges.caps.per_day", 1))
        self.per_week = _int(_get(program, "nudges.caps.per_week", 3))
        self.per_kind_and_week = _int(_get(program, "nudges.caps.per_kind_and_week", 1))
        self.kinds = {kind: _kind(program, kind, days) for kind, days in VALID_DAYS.items()}
        self.near_at = Fraction(str(_get(program, "nudges.kinds.tier_near.at", 0.90)))
        self.rearm_below = Fraction(str(_get(program, "nudges.kinds.tier_near.rearm_below", 0.85)))
        days = _get(program, "nudges.kinds.tier_at_risk.warn_days", [30, 7])
        assert isinstance(days, list)
        self.warn_days = [_int(day) for day in days]


def _kind(program: Mapping[str, object], kind: str, valid_days: int) -> Kind:
    at = f"nudges.kinds.{kind}"
    return Kind(
        mode=str(_get(program, f"{at}.mode", "live")),
        holdout=float(str(_get(program, f"{at}.holdout", 0))),
        valid_days=_int(_get(program, f"{at}.valid_days", valid_days)),
        incentive=_get(program, f"{at}.incentive_percent", None),
    )


def _get(tree: object, path: str, default: object) -> object:
    for key in path.split("."):
        if not isinstance(tree, Mapping) or key not in tree:
            return default
        tree = tree[key]
    return tree


def _int(value: object) -> int:
    return int(str(value))
