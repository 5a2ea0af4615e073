"""The body of `/v1/overview`, as OpenAPI describes it."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from schemas.value import PricedBy

EXAMPLE: Final[JsonDict] = {
    "as_of": "2017-06-01T10:00:00Z",
    "program_version": "1.3f9c5d0a71be",
    "model": {"lowest": 17, "highest": 17, "adoptions": 144, "priced_by": "poisson", "labels": 11400},
    "customers": 2469,
    "records": 158243,
    "orders_per_second": 12.4,
    "lag": 3,
    "tiers": [{"name": "bronze", "customers": 1891}, {"name": "silver", "customers": 578}],
    "segments": {
        "rfm": [{"name": "VIP", "customers": 310}, {"name": "At Risk", "customers": 402}],
        "cluster": [{"name": "Champions", "customers": 280}],
        "persona": [{"name": "Active Bronze", "customers": 912}, {"name": "Dormant Bronze", "customers": 979}],
    },
    "migrations": [{"from": "bronze", "to": "silver", "count": 612}],
    "segment_migrations": {"rfm": [{"from": "Loyal", "to": "At Risk", "count": 57}], "cluster": [], "persona": []},
    "nudges": {"issued": {"tier_near": 810}, "suppressed": {"cap": 311}, "retracted": {"reached": 402}},
    "history": [
        {
            "at": "2017-06-01T10:00:00Z",
            "tiers": {"bronze": 1891, "silver": 578},
            "segments": {"rfm": {"VIP": 310, "At Risk": 402}, "cluster": {"Champions": 280}, "persona": {}},
        }
    ],
}


class NamedCount(BaseModel):
    """How many customers have a tier or segment."""

    name: str
    customers: int


class Migration(BaseModel):
    """How many changes there were from one tier or segment to another."""

    model_config = ConfigDict(populate_by_name=True)

    came_from: str = Field(alias="from")
    to: str
    count: int


class Nudges(BaseModel):
    """How many nudges were issued by kind, held back by reason, and retracted by reason."""

    issued: dict[str, int]
    suppressed: dict[str, int]
    retracted: dict[str, int]


class Segments(BaseModel):
    """The customers by segment, for each scheme; empty before the first model. Who has no order has none."""

    rfm: list[NamedCount] = Field(description="the six rules' segments, best first")
    cluster: list[NamedCount] = Field(description="by name")
    persona: list[NamedCount] = Field(description="lowest tier first, in it the active ones first")


class SegmentMigrations(BaseModel):
    """The changes from segment to segment, for each scheme; a first or last segment is no migration."""

    rfm: list[Migration]
    cluster: list[Migration]
    persona: list[Migration]


class ModelInForce(BaseModel):
    """Which version of the model partitions decide with. They adopt one each for itself, within seconds."""

    lowest: int | None = Field(description="null: some partition has none yet")
    highest: int | None = Field(description="the newest in any partition; null before the first")
    adoptions: int = Field(description="how often a partition took a newer version")
    priced_by: PricedBy | None = Field(
        description="what `clv_90d` comes from in the newest version: bg_nbd before the hand-over, poisson (it, "
        "corrected by what labels taught) after; null: nothing, or adopted by a Tierline that did not note it"
    )
    labels: int = Field(description="how many matured labels the newest version has learnt value from")


class SegmentCounts(BaseModel):
    """The customers by segment, for each scheme; empty before the first model."""

    rfm: dict[str, int]
    cluster: dict[str, int]
    persona: dict[str, int]


class Moment(BaseModel):
    """The customers by tier and segment at one moment of the log's clock."""

    at: str
    tiers: dict[str, int]
    segments: SegmentCounts


class Overview(BaseModel):
    """The program at a glance."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    as_of: str = Field(description="the latest partition's clock")
    program_version: str
    model: ModelInForce
    customers: int
    records: int = Field(description="input records taken since the start")
    orders_per_second: float = Field(description="over the last 5 s, as this process saw it")
    lag: int | None = Field(description="records not yet taken; null: a partition has no worker")
    tiers: list[NamedCount] = Field(description="every level, lowest first")
    segments: Segments
    migrations: list[Migration] = Field(description="between tiers")
    segment_migrations: SegmentMigrations
    nudges: Nudges
    history: list[Moment] = Field(description="ends of days, oldest first, at most 366")
