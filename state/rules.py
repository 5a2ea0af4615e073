"""A program compiled to integers: what `step()` compares with, computed once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor, inf
from typing import Literal, NamedTuple, TypeAlias

from schemas.instants import DAY_MICROSECONDS, HOUR_MICROSECONDS, Instant
from schemas.money import minor_digits
from schemas.program import Program
from state.calendar import Calendar, Day, calendar_of
from state.segments import SegmentRules, segment_rules_of

WindowKind: TypeAlias = Literal["rolling_days", "calendar_year", "lifetime"]


@dataclass(frozen=True, slots=True)
class Criterion:
    """One threshold of a level, in minor units or orders, with the bounds of near and far."""

    name: Literal["spend", "orders"]
    column: Literal[0, 1]
    """Where its value stands in `Sums`."""
    threshold: int
    near: int
    """The least value that is near."""
    far: int
    """Values below it are far."""


@dataclass(frozen=True, slots=True)
class Level:
    """A rung of the tier ladder; without criteria it is always met."""

    rank: int
    name: str
    criteria: tuple[Criterion, ...]


class Bounds(NamedTuple):
    """The least spend and the least number of orders that matter."""

    spend_minor: float
    orders: float


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Local wall times between which nothing is sent; may wrap midnight."""

    starts: time
    ends: time


@dataclass(frozen=True, slots=True)
class Caps:
    """How many non-service nudges a customer may get."""

    per_day: int
    per_week: int
    per_kind_and_week: int


@dataclass(frozen=True, slots=True)
class KindRules:
    """The settings every nudge kind has."""

    mode: Literal["live", "dry_run", "off"]
    holdout: Fraction
    valid_for: int
    """Microseconds; 0 where the kind itself knows its end."""
    incentive_percent: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """A program ready to decide with; `rules_of` makes one of each."""

    program_version: str
    version: int
    currency: str
    digits: int
    calendar: Calendar
    start_of: Callable[[Day], Instant]
    """The first instant of a day of the program."""
    day_of: Callable[[Instant], Day]
    """The program's day that an instant lies in."""
    window: WindowKind
    window_days: int
    match_all: bool
    term_days: int
    grace_days: int
    reversal_days: int
    debounce_for: int
    levels: tuple[Level, ...]
    near_from: tuple[Bounds, ...]
    """By rank: below both, sums are neither near the next level nor reach any above."""
    met_from: tuple[Bounds, ...]
    """By rank: below both, sums reach no level above."""
    quiet_hours: QuietHours | None
    holdout_salt: str
    holdout_share: Fraction
    caps: Caps
    kinds: dict[str, KindRules]
    warn_days: tuple[int, ...]
    segments: SegmentRules

    @staticmethod
    def compile(program: Program) -> "Rules":
        """Return the rules that ``program`` states."""
        return _compile(program)

    def rank_of(self, level: str) -> int | None:
        """Return the rank of the level of that name, None if the program has none."""
        return next((rung.rank for rung in self.levels if rung.name == level), None)


@lru_cache(maxsize=64)
def rules_of(program_json: str) -> Rules:
    """Return the rules of a program in its canonical JSON; compiled once."""
    return _compile(Program.from_json(program_json))


def _compile(program: Program) -> Rules:
    tiers, nudges = program.tiers, program.nudges
    window, calendar = tiers.window, calendar_of(program.time_zone)
    levels = _levels(program)
    reached = [_bounds(levels[rank + 1 :], lambda one: one.threshold) for rank in range(len(levels))]
    nears = [_bounds(levels[rank + 1 : rank + 2], lambda one: one.near) for rank in range(len(levels))]
    return Rules(
        program_version=program.version_id,
        version=program.version,
        currency=program.currency,
        digits=minor_digits(program.currency),
        calendar=calendar,
        start_of=calendar.start_of,
        day_of=calendar.day_of,
        window=window.kind,
        window_days=window.rolling_days or 0,
        match_all=tiers.match == "all",
        term_days=tiers.term_days,
        grace_days=tiers.grace_days,
        reversal_days=tiers.refund_reversal.within_days,
        debounce_for=_microseconds(tiers.refund_reversal.debounce_hours, HOUR_MICROSECONDS),
        levels=levels,
        near_from=tuple(Bounds(*map(min, near, met)) for near, met in zip(nears, reached, strict=True)),
        met_from=tuple(reached),
        quiet_hours=_quiet_hours(program),
        holdout_salt=nudges.holdout.salt,
        holdout_share=Fraction(nudges.holdout.share),
        caps=Caps(nudges.caps.per_day, nudges.caps.per_week, nudges.caps.per_kind_and_week),
        kinds=_kinds(program),
        warn_days=tuple(nudges.kinds.tier_at_risk.warn_days),
        segments=segment_rules_of(program.segments),
    )


def _levels(program: Program) -> tuple[Level, ...]:
    near = program.nudges.kinds.tier_near
    scale = 10 ** minor_digits(program.currency)
    levels = []
    for rank, level in enumerate(program.tiers.levels):
        criteria = []
        if level.spend is not None:
            criteria.append(_criterion("spend", int(level.spend * scale), near.at, near.rearm_below))
        if level.orders is not None:
            criteria.append(_criterion("orders", level.orders, near.at, near.rearm_below))
        levels.append(Level(rank, level.name, tuple(criteria)))
    return tuple(levels)


def _bounds(levels: tuple[Level, ...], bound_of: Callable[[Criterion], int]) -> Bounds:
    """Return the least bounds of these levels; infinite where none has one."""
    bounds = [(one.name, bound_of(one)) for level in levels for one in level.criteria]
    return Bounds(
        min((bound for name, bound in bounds if name == "spend"), default=inf),
        min((bound for name, bound in bounds if name == "orders"), default=inf),
    )


def _criterion(name: Literal["spend", "orders"], threshold: int, at: Decimal, rearm_below: Decimal) -> Criterion:
    column: Literal[0, 1] = 0 if name == "spend" else 1
    return Criterion(name, column, threshold, ceil(threshold * Fraction(at)), ceil(threshold * Fraction(rearm_below)))


def _kinds(program: Program) -> dict[str, KindRules]:
    kinds = program.nudges.kinds
    return {
        name: KindRules(
            mode=kind.mode,
            holdout=Fraction(kind.holdout),
            valid_for=_microseconds(kind.valid_days or 0, DAY_MICROSECONDS),
            incentive_percent=kind.incentive_percent,
        )
        for name in type(kinds).model_fields
        for kind in (getattr(kinds, name),)
    }


def _quiet_hours(program: Program) -> QuietHours | None:
    quiet = program.nudges.quiet_hours
    return None if quiet is None else QuietHours(time.fromisoformat(quiet.from_), time.fromisoformat(quiet.to))


def _microseconds(amount: int | Decimal, unit: int) -> int:
    return floor(Fraction(amount) * unit)
