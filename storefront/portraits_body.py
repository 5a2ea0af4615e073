"""The body of `/v1/portraits`, as OpenAPI describes it."""

from pydantic import BaseModel, ConfigDict, Field


class Days(BaseModel):
    """Quartiles; each is the value of a customer."""

    lower: int = Field(description="a quarter of the customers are at or below")
    median: int
    upper: int = Field(description="a quarter are at or above")


class Money(BaseModel):
    """Quartiles of money; each is the value of a customer."""

    lower: str
    median: str
    upper: str


class TypicalFigures(BaseModel):
    """What is typical of a group: its middle half."""

    recency_days: Days
    frequency: Days
    aov: Money
    monetary: Money
    tenure_days: Days


class CampaignView(BaseModel):
    """What to do, and the facts that speak for it."""

    name: str
    why: str
    how: str


class PortraitView(BaseModel):
    """A group of customers, over their whole lives as customers."""

    name: str
    customers: int = Field(description="of those sampled")
    share_of_customers: float
    revenue: str = Field(description="net of refunds, of those sampled")
    share_of_revenue: float
    typical: TypicalFigures | None = Field(description="null where fewer than ten customers are here")
    words: list[str]
    campaign: CampaignView | None = Field(description="null where nothing is typical")


class Sampled(BaseModel):
    """Whom the portraits are of."""

    customers: int
    share: float = Field(description="of all customers, 0-1; below 1 they are a fair sample")


class PortraitsView(BaseModel):
    """Every rule segment and cluster, described."""

    model_config = ConfigDict(extra="forbid")

    as_of: str = Field(description="the latest clock of a partition when they were sampled")
    model_version: int
    currency: str
    sampled: Sampled
    note: str | None = Field(description="what limits the answer, in words")
    all: PortraitView
    rfm: list[PortraitView] = Field(description="the program's rule segments, in the order of their rules")
    cluster: list[PortraitView] = Field(
        description="by nearest cluster (a live customer stays a little longer), most revenue first"
    )
