"""The demo's pure parts: pace, quantiles, adding up."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from schemas.record import LogRecord
from schemas.topics import CHANGES, CONSENTS, INPUTS, MODELS, NUDGES, ORDERS, SUPPRESSIONS, dead_letter_topic
from state.meta import PartitionMeta
from tierline.demo.feed import Pace
from tierline.demo.latency import quantile_ms
from tierline.demo.run import environment_of
from tierline.demo.standing import Census, Standing
from tierline.demo.summary import Summary, added_up, summary_of
from tierline.settings import load_settings


def _record(topic: str, key: str, value: bytes, timestamp_ms: int = 0) -> LogRecord:
    return LogRecord(topic, 0, 0, timestamp_ms, key.encode(), value, ())


RECORDS = [
    _record(CONSENTS, "h-1", b'{"granted":true}', 1_000),
    _record(ORDERS, "h-1", b'{"amount":"0.10"}', 2_000),
    _record(ORDERS, "h-2", b'{"amount":"0.20"}', 5_000),
]
COUNTERS = {
    "applied": 3,
    "issued:tier_near": 2,
    "suppressed:tier_near:cap": 1,
    "suppressed:tier_at_risk:holdout": 4,
    "retracted:tier_near:reached": 1,
    "tier_changes:order": 2,
    "segment_changes:rfm:order": 1,
    "segment_changes:cluster:model_update": 2,
}
TIERS = {"bronze": 2}
SEGMENTS = {"rfm": {"VIP": 1}, "cluster": {"Champions": 1}}


def _published() -> dict[str, Counter[str]]:
    return {
        NUDGES: Counter({"nudge.issued": 2, "nudge.retracted": 1}),
        SUPPRESSIONS: Counter({"nudge.suppressed": 5}),
        CHANGES: Counter({"tier.changed": 2, "segment.changed": 3}),
        MODELS: Counter({"": 4}),
        **{dead_letter_topic(topic): Counter() for topic in INPUTS},
    }


def _summary(
    counters: dict[str, int],
    published: dict[str, Counter[str]],
    tiers: Mapping[str, int] = TIERS,
    segments: Mapping[str, dict[str, int]] = SEGMENTS,
) -> Summary:
    census = Census(
        customers=2,
        orders=2,
        spend_minor=30,
        candidates=7,
        tier_changes=2,
        segment_changes=3,
        by_tier=Counter(bronze=2),
        by_segment=Counter(VIP=1),
    )
    meta = PartitionMeta(customers_by_tier=dict(tiers), customers_by_segment=dict(segments), counters={"adoptions": 3})
    standing = Standing([meta], Counter(counters), 3, 0)
    return summary_of(added_up(RECORDS), standing, census, published, 2.0, Counter())


def test_what_was_sent_is_added_up_exactly() -> None:
    fed = added_up(RECORDS)
    assert (fed.records, fed.orders, fed.customers, fed.spend_minor) == (3, 2, 2, 30)


def test_a_run_where_everything_is_there_adds_up() -> None:
    summary = _summary(COUNTERS, _published())
    assert summary.reconciles
    assert summary.suppressions == {"holdout": 4, "cap": 1}
    assert summary.nudges_issued == {"tier_near": 2}
    assert summary.orders_per_second == 1.0
    assert summary.segment_changes == {"model_update": 2, "order": 1}
    assert (summary.models_published, summary.adoptions_per_partition) == (4, (3, 3))


@pytest.mark.parametrize(
    "lost",
    ["applied", "issued:tier_near", "suppressed:tier_near:cap", "tier_changes:order", "segment_changes:rfm:order"],
)
def test_one_thing_lost_in_the_state_does_not_add_up(lost: str) -> None:
    assert not _summary({**COUNTERS, lost: COUNTERS[lost] - 1}, _published()).reconciles


def test_a_customer_counted_in_another_tier_does_not_add_up() -> None:
    assert not _summary(COUNTERS, _published(), {"bronze": 1, "silver": 1}).reconciles


def test_a_customer_counted_in_another_segment_does_not_add_up() -> None:
    assert not _summary(COUNTERS, _published(), segments={"rfm": {"Loyal": 1}}).reconciles


@pytest.mark.parametrize(
    ("topic", "kind"),
    [
        (NUDGES, "nudge.issued"),
        (NUDGES, "nudge.retracted"),
        (SUPPRESSIONS, "nudge.suppressed"),
        (CHANGES, "tier.changed"),
        (CHANGES, "segment.changed"),
    ],
)
def test_one_record_too_many_on_a_topic_does_not_add_up(topic: str, kind: str) -> None:
    published = _published()
    published[topic][kind] += 1
    assert not _summary(COUNTERS, published).reconciles


def test_the_year_plays_evenly_in_its_own_time() -> None:
    pace = Pace.over(RECORDS, 8.0)
    assert [pace.due_ms(elapsed) for elapsed in (0.0, 2.0, 8.0)] == [1_000, 2_000, 5_000]


def test_at_full_speed_everything_is_due_at_once() -> None:
    assert Pace.over(RECORDS, None).due_ms(0.0) == 5_000


def test_quantiles_lie_within_their_bucket() -> None:
    buckets = Counter({0.001: 0, 0.002: 50, 0.004: 99, float("inf"): 100})
    assert quantile_ms(buckets, 0.25) == pytest.approx(1.5)
    assert quantile_ms(buckets, 0.50) == pytest.approx(2.0)
    assert quantile_ms(buckets, 0.999) == pytest.approx(4.0)
    assert quantile_ms(Counter(), 0.5) is None


def test_a_child_gets_exactly_our_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TIERLINE_NAME", "of-the-parent")
    settings = load_settings({"TIERLINE_REDIS": "redis://u:p@h/0", "TIERLINE_PARTITIONS": "3"})
    environment = environment_of(settings)
    ours = {name: value for name, value in environment.items() if name.startswith("TIERLINE_")}
    assert ours == {"TIERLINE_REDIS": "redis://u:p@h/0", "TIERLINE_PARTITIONS": "3"}
