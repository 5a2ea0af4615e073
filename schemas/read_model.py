"""The read model: what we know of one customer, as the API, the state topic and a replay show it."""

from typing import Annotated

from pydantic import Field

from schemas.outputs import Count, CustomerId, InstantText, Missing, MoneyText, Outgoing, Progress

Score = Annotated[int, Field(strict=True, ge=1, le=5)]


class NextTier(Outgoing):
    """The level above, and how far it is."""

    name: str
    missing: Missing
    progress: Progress
    near: Annotated[bool, Field(strict=True)]
    cheapest_path: str | None


class TierView(Outgoing):
    """The tier in force."""

    name: str
    since: InstantText | None
    """Null for a customer we have not met."""
    expires_at: InstantText | None
    grace_until: InstantText | None
    at_expiration: str
    """The tier after expiry and grace if no order came."""
    next: NextTier | None
    """Null at the top."""


class Scores(Outgoing):
    """RFM scores from live population quantiles; null before the first model."""

    r: Score | None
    f: Score | None
    m: Score | None


class RfmView(Outgoing):
    """Recency, frequency and monetary value over the customer's life, from the orders that count."""

    recency_days: Annotated[int, Field(strict=True)] | None
    frequency: Count
    monetary: MoneyText
    aov: MoneyText | None
    tenure_days: Annotated[int, Field(strict=True)] | None
    scores: Scores


class SegmentView(Outgoing):
    """The segments; null before the first model."""

    rfm: str | None
    cluster: str | None
    persona: str | None
    """Tier by recency, such as Active Silver."""
    traits: list[str]
    """Budget Buyer, Power User: those of the two that hold."""
    since: InstantText | None


class Source(Outgoing):
    """The last record that this view has seen."""

    topic: str | None
    partition: Count | None
    offset: Count | None


class CustomerView(Outgoing):
    """The read model of one customer; ages and progress are as of ``as_of``."""

    customer_id: CustomerId
    as_of: InstantText
    program_version: str
    model_version: Count | None
    tier: TierView
    rfm: RfmView
    segment: SegmentView
    clv_90d: MoneyText | None
    source: Source
