"""Scenarios of caps, priority and quiet hours, and of waiting; worked out by hand."""

from __future__ import annotations

from tests.builders import Json, a_profile
from tests.scenario import Scenario, consent, instant, step, with_rules
from tests.scenario_steps import NEAR, assigned, bought, refunded, says

DAILY: Json = {"caps": {"per_day": 1, "per_week": 99, "per_kind_and_week": 99}}
KIND_WEEKLY: Json = {"caps": {"per_day": 99, "per_week": 99, "per_kind_and_week": 1}}
WEEKLY: Json = {"caps": {"per_day": 99, "per_week": 1, "per_kind_and_week": 99}}
QUIET: Json = {"quiet_hours": {"from": "21:00", "to": "08:00"}}

SCENARIOS = [
    Scenario(
        "less than 24 h after another is one too many; it waits for the next order",
        [
            consent(),
            bought("o-1", "90", "03-01 12:00"),
            bought("o-2", "95", "03-02 11:59:59"),
            says(True, "03-03"),
            bought("o-3", "1", "03-03 12:00"),
        ],
        until="03-04",
        program=with_rules(nudges=DAILY),
        suppressions=[("03-02 11:59:59", "tier_near", "cap")],
        nudges=[
            NEAR,
            ("03-02 11:59:59", "tier_upgraded"),
            ("03-02 11:59:59", "tier_near", "reached"),
            ("03-03 12:00", "tier_near"),
        ],
    ),
    Scenario(
        "exactly 24 h apart is allowed",
        [consent(), bought("o-1", "90", "03-01 12:00"), bought("o-2", "95", "03-02 12:00")],
        until="03-03",
        program=with_rules(nudges=DAILY),
        suppressions=[],
    ),
    Scenario(
        "within 7 local days one of a kind",
        [consent(), bought("o-1", "90", "03-01 12:00"), bought("o-2", "95", "03-07 23:59")],
        until="03-08",
        program=with_rules(nudges=KIND_WEEKLY),
        suppressions=[("03-07 23:59", "tier_near", "cap")],
    ),
    Scenario(
        "exactly 7 local days apart is allowed",
        [consent(), bought("o-1", "90", "03-01 12:00"), bought("o-2", "95", "03-08")],
        until="03-08 01:00",
        program=with_rules(nudges=WEEKLY),
        suppressions=[],
    ),
    Scenario(
        "a repeat does not ask; far ends the waiting",
        [
            consent(),
            bought("o-1", "90", "03-01 12:00"),
            bought("o-2", "95", "03-01 13:00"),
            bought("o-2", "95", "03-03 12:00"),
            refunded("r-1", "o-2", "20", "03-03 13:00"),
            bought("o-3", "20", "03-03 14:00"),
        ],
        until="03-04",
        program=with_rules(nudges=DAILY),
        # 185 of 200 waits; the repeat does not ask; 165 is far and ends the waiting; 185 again is a new candidate.
        suppressions=[("03-01 13:00", "tier_near", "cap")],
        nudges=[
            NEAR,
            ("03-01 13:00", "tier_upgraded"),
            ("03-01 13:00", "tier_near", "reached"),
            ("03-03 14:00", "tier_near"),
        ],
    ),
    Scenario(
        "of two candidates of one decision tier_at_risk goes first",
        [
            consent(),
            bought("o-1", "100", "03-01 12:00"),
            assigned("platinum", "03-24", "03-02 12:00"),
            bought("o-2", "85", "03-03 12:00"),
        ],
        until="03-24",
        program=with_rules(nudges=DAILY),
        nudges=[
            ("03-01 12:00", "tier_upgraded"),
            ("03-02 12:00", "tier_upgraded"),
            ("03-02 12:00", "tier_upgraded", "tier_changed"),
            ("03-24", "tier_downgraded"),
            ("03-24", "tier_at_risk"),
        ],
        suppressions=[("03-24", "tier_near", "priority")],
    ),
    Scenario(
        "21:00 is quiet: sent at 08:00",
        [consent(), bought("o-1", "90", "03-01 21:00")],
        until="03-02",
        program=with_rules(nudges=QUIET),
        bodies={"nudges.0.not_before": "2017-03-02T08:00:00Z", "nudges.0.at": "2017-03-01T21:00:00Z"},
    ),
    Scenario(
        "08:00 is not",
        [consent(), bought("o-1", "90", "03-01 08:00")],
        until="03-02",
        program=with_rules(nudges=QUIET),
        bodies={"nudges.0.not_before": "2017-03-01T08:00:00Z"},
    ),
    Scenario(
        "quiet hours are the customer's",
        [
            consent(),
            step(a_profile(instant("03-01"), time_zone="Asia/Tokyo"), "03-01"),
            bought("o-1", "90", "03-01 12:00"),
        ],
        until="03-02",
        program=with_rules(nudges=QUIET),
        # 12:00Z is 21:00 in Tokyo; 08:00 there is 23:00Z.
        bodies={"nudges.0.not_before": "2017-03-01T23:00:00Z"},
    ),
    Scenario(
        "trap 10: 23:00 and 00:30 are one too many",
        [consent(), bought("o-1", "90", "03-01 23:00"), bought("o-2", "95", "03-02 00:30")],
        until="03-03",
        program=with_rules(nudges=QUIET | DAILY),
        suppressions=[("03-02 00:30", "tier_near", "cap")],
    ),
    Scenario(
        "trap 11: a cap never defers; without another order nothing comes later",
        [consent(), bought("o-1", "90", "03-01 12:00"), bought("o-2", "95", "03-01 13:00")],
        until="03-23",
        program=with_rules(nudges=DAILY),
        nudges=[NEAR, ("03-01 13:00", "tier_upgraded"), ("03-01 13:00", "tier_near", "reached")],
    ),
    Scenario(
        "what cannot be sent before it is over is not sent",
        [
            consent(),
            bought("o-1", "100", "03-01 12:00"),
            bought("o-2", "100", "03-30 12:00"),
            refunded("r-1", "o-2", "100", "03-30 22:00"),
        ],
        until="04-01",
        program=with_rules({"grace_days": 1}, QUIET),
        # Silver's old term is over on 31 March 22:00; its grace ends at midnight, before the quiet hours do.
        suppressions=[("03-31 22:00", "tier_at_risk", "quiet_hours_expired")],
        changes=[
            ("03-01 12:00", "bronze", "silver", "order", "o-1"),
            ("03-30 12:00", "silver", "gold", "order", "o-2"),
            ("03-31 22:00", "gold", "silver", "refund", "r-1"),
            ("04-01", "silver", "bronze", "time", None),
        ],
    ),
]
