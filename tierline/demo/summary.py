"""The summary: what went in, what came out, and whether it adds up."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import cast

import msgspec

from schemas.record import LogRecord
from schemas.topics import CHANGES, INPUTS, MODELS, NUDGES, ORDERS, SUPPRESSIONS, dead_letter_topic
from tierline.console import Json
from tierline.demo.latency import quantile_ms
from tierline.demo.standing import Census, Standing

FATES = ("applied", "duplicate", "erased")


@dataclass(frozen=True, slots=True)
class Check:
    """Two figures that must be the same."""

    what: str
    expected: int
    found: int

    @property
    def holds(self) -> bool:
        """Whether they are the same."""
        return self.expected == self.found


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything the demo says at its end."""

    orders_in: int
    records_in: int
    applied: int
    duplicates: int
    dead_letters: int
    erased: int
    customers_by_tier: dict[str, int]
    customers_by_segment: dict[str, int]
    tier_changes: dict[str, int]
    segment_changes: dict[str, int]
    models_published: int
    adoptions_per_partition: tuple[int, int]
    """The least and the most of all partitions."""
    nudges_issued: dict[str, int]
    nudges_retracted: dict[str, int]
    suppressions: dict[str, int]
    seconds: float
    orders_per_second: float
    visible_p50_ms: float | None
    visible_p99_ms: float | None
    checks: tuple[Check, ...]

    @property
    def reconciles(self) -> bool:
        """Whether every check holds."""
        return all(check.holds for check in self.checks)

    def as_json(self) -> dict[str, Json]:
        """Return it for programs."""
        return {**cast("dict[str, Json]", asdict(self)), "reconciles": self.reconciles}


@dataclass(frozen=True, slots=True)
class Fed:
    """What was sent, added up from the records themselves."""

    records: int
    orders: int
    customers: int
    spend_minor: int


class _Amount(msgspec.Struct):
    amount: Decimal = Decimal(0)


def added_up(records: Sequence[LogRecord]) -> Fed:
    """Add up what the records bring, by nothing but their JSON."""
    amount = msgspec.json.Decoder(_Amount)
    return Fed(
        records=len(records),
        orders=sum(record.topic == ORDERS for record in records),
        customers=len({record.key for record in records}),
        spend_minor=int(sum(amount.decode(record.value or b"{}").amount for record in records) * 100),
    )


def summary_of(
    fed: Fed,
    standing: Standing,
    census: Census,
    published: dict[str, Counter[str]],
    seconds: float,
    buckets: Counter[float],
) -> Summary:
    """Put together what the demo found; ``seconds`` run from the first send to the last thing published."""
    counters = standing.counters
    return Summary(
        orders_in=fed.orders,
        records_in=fed.records,
        applied=counters["applied"],
        duplicates=counters["duplicate"],
        dead_letters=_total(counters, "dead"),
        erased=counters["erased"],
        customers_by_tier=dict(census.by_tier),
        customers_by_segment=dict(census.by_segment.most_common()),
        tier_changes=_by_part(counters, "tier_changes", 1),
        segment_changes=_by_part(counters, "segment_changes", 2),
        models_published=published[MODELS].total(),
        adoptions_per_partition=(min(standing.adoptions_by_partition), max(standing.adoptions_by_partition)),
        nudges_issued=_by_part(counters, "issued", 1),
        nudges_retracted=_by_part(counters, "retracted", 2),
        suppressions=_by_part(counters, "suppressed", 2),
        seconds=round(seconds, 2),
        orders_per_second=round(fed.orders / seconds, 1),
        visible_p50_ms=quantile_ms(buckets, 0.5),
        visible_p99_ms=quantile_ms(buckets, 0.99),
        checks=checks_of(fed, census, standing, published),
    )


def checks_of(fed: Fed, census: Census, standing: Standing, published: dict[str, Counter[str]]) -> tuple[Check, ...]:
    """Return what must hold between what was sent, what the states say, what was counted and what was published."""
    counters = standing.counters
    dead = _total(counters, "dead")
    fates = sum(counters[fate] for fate in FATES)
    issued, retracted = _total(counters, "issued"), _total(counters, "retracted")
    suppressed, changes = _total(counters, "suppressed"), _total(counters, "tier_changes")
    moved = _total(counters, "segment_changes")
    in_counted_segment = standing.customers_by_segment & census.by_segment
    in_counted_tier = standing.customers_by_tier & census.by_tier
    nudges = published[NUDGES]
    dead_letters = sum(published[dead_letter_topic(topic)].total() for topic in INPUTS)
    return (
        Check("records in = applied + duplicate + dead + erased", fed.records, fates + dead),
        Check("customers in = customers in Redis", fed.customers, census.customers),
        Check("customers by tier in Redis = counted", census.customers, in_counted_tier.total()),
        Check("cents in = cents in Redis", fed.spend_minor, census.spend_minor),
        Check("candidates in the states = issued + suppressed", census.candidates, issued + suppressed),
        Check("issued = nudge.issued on the topic", issued, nudges["nudge.issued"]),
        Check("retracted = nudge.retracted on the topic", retracted, nudges["nudge.retracted"]),
        Check("suppressed = nudge.suppressed on the topic", suppressed, published[SUPPRESSIONS].total()),
        Check("tier changes in the states = counted", census.tier_changes, changes),
        Check("tier changes = tier.changed on the topic", changes, published[CHANGES]["tier.changed"]),
        Check("customers by segment in Redis = counted", census.by_segment.total(), in_counted_segment.total()),
        Check("segment changes in the states = counted", census.segment_changes, moved),
        Check("segment changes = segment.changed on the topic", moved, published[CHANGES]["segment.changed"]),
        Check("dead letters = records on the dead letter topics", dead, dead_letters),
    )


def _total(counters: Counter[str], prefix: str) -> int:
    return sum(count for name, count in counters.items() if name.split(":")[0] == prefix)


def _by_part(counters: Counter[str], prefix: str, part: int) -> dict[str, int]:
    """Sum the counters that begin with ``prefix:`` by one of their colon-separated parts, largest first."""
    sums: Counter[str] = Counter()
    for name, count in counters.items():
        parts = name.split(":")
        if parts[0] == prefix:
            sums[parts[part]] += count
    return dict(sums.most_common())
