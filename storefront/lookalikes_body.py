"""The body of `/v1/customers/{id}/lookalikes`, as OpenAPI describes it."""

from pydantic import BaseModel, ConfigDict, Field


class InWords(BaseModel):
    """A tier, a segment or a feature of two customers, in words."""

    name: str
    words: str


class Differences(BaseModel):
    """How far apart two customers are, in standard deviations of all customers (logarithmic features)."""

    recency: float
    frequency: float
    monetary: float
    aov: float
    tenure: float


class SegmentNames(BaseModel):
    """The segments of the read model."""

    rfm: str | None
    cluster: str | None
    persona: str | None


class RfmFigures(BaseModel):
    """The figures of the read model, as of now."""

    recency_days: int
    frequency: int
    monetary: str
    aov: str
    tenure_days: int


class Lookalike(BaseModel):
    """A customer like the one asked for, as they are now."""

    customer_id: str
    score: float = Field(
        ge=0, le=1, description="1 / (1 + root mean square of `differences`), rounded down; 1: the same in all five"
    )
    shared: list[InWords] = Field(description="tier and segments where both have the same, features that are close")
    differs: InWords | None = Field(description="the feature that is furthest apart; null where all are close")
    differences: Differences
    tier: str
    segment: SegmentNames
    rfm: RfmFigures


class ComparedWith(BaseModel):
    """Whom the customer was compared with."""

    customers: int = Field(description="how many")
    share: float = Field(description="of all customers, 0-1; below 1 they are a fair sample")
    sampled_at: str = Field(description="the latest clock of a partition when they were sampled")


class LookalikesView(BaseModel):
    """The customers most like one customer, best first."""

    model_config = ConfigDict(extra="forbid")

    customer_id: str
    as_of: str
    model_version: int = Field(description="of the model whose feature space they are near in")
    compared_with: ComparedWith
    note: str | None = Field(description="what limits the answer, in words")
    lookalikes: list[Lookalike]
