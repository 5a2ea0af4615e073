"""One decision in the making, and what it says in the end."""

from typing import Literal, NamedTuple, TypeAlias

import msgspec

from schemas.instants import Instant
from state.calendar import Day
from state.customer import CustomerState, OpenNudge
from state.rules import Level, Rules
from state.sums import NO_SUMS, Sums

Told: TypeAlias = dict[str, str | int | float | bool | None]
"""One criterion, or a counterfactual, as `segment.changed` carries it."""

Cause: TypeAlias = Literal["record", "time", "program_change", "model_update"]


class Trigger(NamedTuple):
    """What brought a decision about: order, refund, engagement, time, program_change, model_update or manual."""

    kind: str
    id: str | None


BY_TIME = Trigger("time", None)
BY_PROGRAM = Trigger("program_change", None)
BY_MODEL = Trigger("model_update", None)
BY_HAND = Trigger("manual", None)


class TierChange(msgspec.Struct, frozen=True, gc=False):
    """A change of the effective tier."""

    change_id: str
    came_from: Level
    to: Level
    trigger: Trigger
    sums: Sums
    """The sums that the decision used."""
    term_starts_at: Instant
    term_ends_at: Instant | None
    program_version: str

    @property
    def is_upwards(self) -> bool:
        """Tell whether it is told as one upwards; so is a level that only got another name."""
        return self.to.rank >= self.came_from.rank


class SegmentChange(msgspec.Struct, frozen=True, gc=False):
    """A change of one of the names by which a customer compares with others."""

    change_id: str
    scheme: str
    """``rfm``, ``cluster`` or ``persona``."""
    came_from: str | None
    to: str | None
    criteria: list[Told]
    counterfactual: Told | None
    model_version: int


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """A nudge that wants to be sent."""

    kind: str
    target: str
    because: Level
    """The level whose criteria explain it."""
    sums: Sums
    """The sums to hold against them."""
    expires_at: Instant
    trigger: Trigger | None = None
    """None where the decision's own trigger is the cause."""


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """A candidate after the guards: issued, or suppressed for a reason."""

    candidate: Candidate
    nudge_id: str
    not_before: Instant
    reason: str | None
    trigger: Trigger


class Retraction(msgspec.Struct, frozen=True, gc=False):
    """An issued nudge that stopped being true."""

    nudge: OpenNudge
    reason: str


class Decision(msgspec.Struct, gc=False):
    """One record, or all due moments of one customer at one instant.

    `customer` is the decision's own copy; everything here may change it.
    """

    customer: CustomerState
    rules: Rules
    now: Instant
    cause: Cause
    trigger: Trigger
    today: Day
    level: Level
    """The effective tier; `tiers.note_change` keeps it."""
    is_backfill: bool = False
    asks: bool = False
    """Whether a waiting `tier_near` is asked again."""
    has_renewed: bool = False
    grace_has_started: bool = False
    warning_is_due: bool = False
    sends_before: int = 0
    """How many of the customer's sends are of earlier decisions."""
    sums_at_end: Sums = NO_SUMS
    """The window when the decision was concluded; later ones change the same customer."""
    segment_at_end: str | None = None
    """The rule segment then."""
    value_minor_at_end: int | None = None
    """`clv_90d` then."""
    changes: tuple[TierChange, ...] = ()
    segment_changes: tuple[SegmentChange, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    retractions: tuple[Retraction, ...] = ()

    @property
    def window(self) -> Sums:
        """The sums of today's window."""
        return Sums(self.customer.window_minor, self.customer.window_orders)

    @property
    def next_level(self) -> Level | None:
        """The level above the effective tier, None at the top."""
        levels = self.rules.levels
        return levels[self.level.rank + 1] if self.level.rank + 1 < len(levels) else None

    @property
    def tier_has_changed(self) -> bool:
        """Whether the effective tier is another than before."""
        return bool(self.changes)


def decision_at(
    customer: CustomerState, rules: Rules, now: Instant, cause: Cause, trigger: Trigger, *, is_backfill: bool = False
) -> Decision:
    """Return a decision to be made on ``customer``."""
    level = effective_level(customer, rules)
    return Decision(customer, rules, now, cause, trigger, rules.day_of(now), level, is_backfill)


def floor_rank(customer: CustomerState, rules: Rules) -> int:
    """Return the rank that a tier assigned by hand holds up, 0 without one."""
    return 0 if customer.floor is None else rules.rank_of(customer.floor.tier) or 0


def effective_level(customer: CustomerState, rules: Rules) -> Level:
    """Return the tier the customer has: the earned one, or the one assigned by hand if that is higher."""
    rank = customer.rank if customer.floor is None else max(customer.rank, floor_rank(customer, rules))
    return rules.levels[rank]
