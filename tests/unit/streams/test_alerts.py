"""What a snapshot says to operators: events as the contract has them, and a line each."""

import json
from math import log1p

from msgspec.structs import replace

from schemas.alerts import DriftNoticed, SegmentEmerged
from schemas.drift import MEASURES, Drift, Emerging, Notice
from schemas.topics import ALERTS
from streams.alerts import alert_lines, alerts_of
from tests.unit.models.building import a_snapshot

NOTICES = tuple(Notice(measure, 0.25, 0.125) for measure in MEASURES)
DRIFTED = replace(a_snapshot(), drift=Drift(above=MEASURES, noticed=NOTICES))


def test_a_snapshot_that_noticed_nothing_says_nothing() -> None:
    for quiet in (a_snapshot(), replace(a_snapshot(), drift=None), replace(DRIFTED, drift=Drift(above=MEASURES))):
        assert alerts_of(quiet, 7) == []
        assert alert_lines(quiet) == []


def test_each_notice_is_an_event_by_the_contract() -> None:
    events = alerts_of(DRIFTED, 7)
    assert [event.key for event in events] == [measure.encode() for measure in MEASURES]
    for event in events:
        body = DriftNoticed.model_validate(json.loads(event.value or b""))
        headers = dict(event.headers)
        assert (event.topic, body.model_version, body.customers) == (ALERTS, 7, DRIFTED.customers)
        assert headers["ce_id"] == body.alert_id.encode()
        assert headers["ce_type"] == b"drift.noticed"
    assert len({dict(event.headers)["ce_id"] for event in events}) == len(MEASURES)


def test_the_same_snapshot_says_the_same_again() -> None:
    assert alerts_of(DRIFTED, 7) == alerts_of(DRIFTED, 7)


def test_the_lines_are_in_words() -> None:
    assert alert_lines(DRIFTED)[1] == "25.0% of the customers are in other clusters by the shares, more than 12.5%"


def test_an_emerging_segment_is_told_with_its_profile_and_only_once() -> None:
    group = Emerging(40, 0.016, (log1p(1.5), log1p(3), log1p(900), log1p(300), log1p(12)))
    emerged = replace(a_snapshot(), drift=Drift(emerging=group))
    (event,) = alerts_of(emerged, 7)
    body = SegmentEmerged.model_validate(json.loads(event.value or b""))
    assert (event.key, body.customers, body.profile.monetary) == (b"emerging_segment", 40, "900.00")
    assert alert_lines(emerged)[0].endswith("typically 3 orders for 900.00, the last 1.5 and the first 12 days ago")
    assert alerts_of(replace(emerged, drift=Drift(emerging=replace(group, is_new=False))), 8) == []
