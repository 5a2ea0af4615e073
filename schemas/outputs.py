"""What goes out: the bodies of nudges, suppressions and changes.

State builds plain dicts for speed; a test validates them against these models, which forbid unknown fields.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema

from schemas.instants import parse_instant
from schemas.topics import CHANGES, NUDGES, SUPPRESSIONS

Kind: TypeAlias = Literal["tier_near", "tier_at_risk", "tier_upgraded", "tier_downgraded"]
TriggerKind: TypeAlias = Literal["order", "refund", "engagement", "time", "model_update", "program_change", "manual"]
SuppressionReason: TypeAlias = Literal[
    "backfill",
    "program_change",
    "dry_run",
    "no_consent",
    "service_recovery",
    "holdout",
    "cap",
    "priority",
    "quiet_hours_expired",
]
RetractionReason: TypeAlias = Literal["reached", "tier_changed", "no_longer_near", "will_renew", "purchased"]


def _canonical_instant(given: object) -> str:
    if not isinstance(given, str) or not given.endswith("Z"):
        raise ValueError("must be RFC 3339 in UTC, such as 2026-01-31T12:00:00Z")
    parse_instant(given)
    return given


InstantText = Annotated[
    str,
    PlainValidator(_canonical_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "description": "RFC 3339, UTC"}),
]
MoneyText = Annotated[str, Field(strict=True, pattern=r"^-?\d+(\.\d+)?$")]
"""A decimal string with all digits of the program's currency."""
HexId = Annotated[str, Field(strict=True, pattern=r"^[0-9a-f]{32}$")]
"""The first 32 hex digits of a SHA-256; the same in every rebuild."""
CustomerId = Annotated[str, Field(strict=True, min_length=1, max_length=128)]
Count = Annotated[int, Field(strict=True, ge=0)]
Part01 = Annotated[float, Field(ge=0, le=1)]
CriterionName: TypeAlias = Literal["spend", "orders"]


class Outgoing(BaseModel):
    """Every field is there, null where there is nothing to say."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True, use_attribute_docstrings=True
    )


class Trigger(Outgoing):
    """What set the decision off. ``id`` is the order or refund, null for time, people and programs."""

    kind: TriggerKind
    id: str | None


class Missing(Outgoing):
    """What is missing to a level; null for a criterion that the level leaves out."""

    spend: MoneyText | None
    orders: Count | None


class Progress(Outgoing):
    """Window value by threshold, 0-1; null for a criterion that the level leaves out."""

    spend: Part01 | None
    orders: Part01 | None


class Criterion(Outgoing):
    """One criterion with the value the decision used: spend as money text, orders as a number."""

    name: CriterionName
    value: MoneyText | Count
    threshold: MoneyText | Count


class JudgedCriterion(Criterion):
    """A criterion and whether it was met."""

    met: Annotated[bool, Field(strict=True)]


class Incentive(Outgoing):
    """What the nudge offers."""

    percent: Annotated[int, Field(strict=True, gt=0, le=100)]


class Counterfactual(Outgoing):
    """What would have led to another tier: upwards the next level, downwards the level that was lost."""

    level: str
    missing: Missing


class Term(Outgoing):
    """The time a tier is held for certain; ``ends_at`` is null for one that does not end."""

    starts_at: InstantText
    ends_at: InstantText | None


class SegmentCriterion(Outgoing):
    """One thing a segment asks: a score, the distance to a centre in standard deviations, or the tier."""

    name: Literal["r", "f", "m", "distance", "tier"]
    value: int | float | str
    relation: Literal[">=", "<=", "<", "="]
    threshold: int | float | str
    met: Annotated[bool, Field(strict=True)]
    """Loyal and At Risk may miss one of f and m; Regulars miss at least one."""


class OtherSegment(Outgoing):
    """Another segment, and what would have led there: ``name`` at ``needed`` instead of ``value``.

    For a cluster ``value`` is the distance of its centre in standard deviations: it would have to be below ``needed``.
    """

    segment: str
    name: Literal["recency_days", "frequency", "monetary", "r", "distance"]
    value: int | float | MoneyText
    needed: int | float | MoneyText


class Decided(Outgoing):
    """What every output has."""

    customer_id: CustomerId
    at: InstantText
    """The instant of the decision; for an effect of time, when it was due."""
    program_version: str


class TierChanged(Decided):
    """A customer's tier is another one."""

    type: Literal["tier.changed"]
    change_id: HexId
    from_: str = Field(alias="from")
    to: str
    skipped: list[str]
    """The levels strictly between, lowest first."""
    trigger: Trigger
    criteria: list[JudgedCriterion]
    """Upwards those of ``to``, downwards those of ``from``."""
    counterfactual: Counterfactual | None
    term: Term


class SegmentChanged(Decided):
    """A customer's segment is another one."""

    type: Literal["segment.changed"]
    change_id: HexId
    scheme: Literal["rfm", "cluster", "persona"]
    from_: str | None = Field(alias="from")
    to: str | None
    trigger: Trigger
    criteria: list[SegmentCriterion]
    """Why ``to``; empty where nothing is known any more (no order counts)."""
    counterfactual: OtherSegment | None
    """The smallest difference that would have led elsewhere."""
    model_version: Count | None


class NudgeIssued(Decided):
    """A nudge that may be sent, from ``not_before`` until ``expires_at``."""

    type: Literal["nudge.issued"]
    nudge_id: HexId
    kind: Kind
    tier: str
    next_tier: str | None
    missing: Missing | None
    progress: Progress | None
    cheapest_path: Literal["spend", "orders", "both"] | None
    not_before: InstantText
    expires_at: InstantText
    incentive: Incentive | None
    segment: str | None
    clv_90d: MoneyText | None
    because: list[Criterion]
    trigger: Trigger


class NudgeRetracted(Decided):
    """An issued nudge is not true any more: do not send it, or take it down."""

    type: Literal["nudge.retracted"]
    nudge_id: HexId
    kind: Kind
    reason: RetractionReason


class NudgeSuppressed(Decided):
    """A nudge that a guardrail held back, with the body that would have been sent."""

    type: Literal["nudge.suppressed"]
    nudge_id: HexId
    kind: Kind
    reason: SuppressionReason
    nudge: NudgeIssued


class DeadLetter(Outgoing):
    """A refused record as a replay writes it to ``dead_letters.jsonl``."""

    topic: str
    partition: Count
    offset: Count
    timestamp: int
    """The record's, in milliseconds."""
    key: str | None
    value: str | None
    """Text, or base64 where the bytes are not UTF-8."""
    reason: str
    detail: str


OUTPUTS: dict[str, tuple[type[Decided], ...]] = {
    NUDGES: (NudgeIssued, NudgeRetracted),
    SUPPRESSIONS: (NudgeSuppressed,),
    CHANGES: (TierChanged, SegmentChanged),
}
"""The models of each output topic."""
