"""The body of `/v1/customers/{id}/explain`, as OpenAPI describes it."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from schemas.outputs import OtherSegment, SegmentCriterion, Trigger
from schemas.read_model import RfmView, SegmentView, TierView


class OrderLine(BaseModel):
    """One order: whether it counts towards the tier, and until when."""

    order_id: str
    occurred_at: str
    amount: str
    counts: bool
    leaves_at: str | None


class ToldLine(BaseModel):
    """Something that was said about the customer; ``body`` as on the topic."""

    at: str
    what: str
    body: dict[str, Any]


class CriterionLine(BaseModel):
    """A criterion of a tier, and where the customer is."""

    name: str
    value: str | int
    threshold: str | int
    met: bool


class Term(BaseModel):
    """The term of the tier in force."""

    starts_at: str
    ends_at: str | None


class SegmentWhy(BaseModel):
    """The change that led to a segment, as `segment.changed` told it."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    at: str
    came_from: str | None = Field(alias="from")
    to: str
    trigger: Trigger
    criteria: list[SegmentCriterion]
    counterfactual: OtherSegment | None = Field(description="what would have led to another segment")
    model_version: int


class SegmentsWhy(BaseModel):
    """Why each segment; null where there is none, or where the change is older than what is kept (50 outputs)."""

    rfm: SegmentWhy | None
    cluster: SegmentWhy | None
    persona: SegmentWhy | None


class Explanation(BaseModel):
    """Why the customer is where they are."""

    model_config = ConfigDict(extra="forbid")

    customer_id: str
    as_of: str
    model_version: int | None
    tier: TierView
    rfm: RfmView
    segment: SegmentView
    clv_90d: str | None = Field(description="expected net spend in the next 90 days; null before a model prices")
    segment_why: SegmentsWhy
    term: Term | None
    why: list[CriterionLine]
    next_why: list[CriterionLine] | None
    orders: list[OrderLine]
    history: list[ToldLine]
