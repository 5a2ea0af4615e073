"""Scenarios of the nudges: candidates, retractions, ids; worked out by hand."""

from __future__ import annotations

from tests.scenario import Scenario, consent, with_rules
from tests.scenario_steps import NEAR, SPEND_ONLY, assigned, bought, refunded

SCENARIOS = [
    Scenario(
        "near at exactly 90 %, once",
        [
            consent(),
            bought("o-1", "89.99", "03-01 10:00"),
            bought("o-2", "0.01", "03-01 12:00"),
            bought("o-3", "5", "03-01 13:00"),
        ],
        until="03-02",
        nudges=[NEAR],
        bodies={
            "nudges.0.nudge_id": "18784c16d7c07bc8afb0527400c0ddfd",
            "nudges.0.tier": "bronze",
            "nudges.0.next_tier": "silver",
            "nudges.0.missing": {"spend": "10.00", "orders": 2},
            "nudges.0.progress": {"spend": 0.9, "orders": 0.5},
            "nudges.0.cheapest_path": "spend",
            "nudges.0.not_before": "2017-03-01T12:00:00Z",
            "nudges.0.expires_at": "2017-03-15T12:00:00Z",
            "nudges.0.incentive": None,
            "nudges.0.because": [
                {"name": "spend", "value": "90.00", "threshold": "100.00"},
                {"name": "orders", "value": 2, "threshold": 4},
            ],
            "nudges.0.trigger": {"kind": "order", "id": "o-2"},
        },
    ),
    Scenario(
        "orders are near at the ceiling of 90 %",
        [consent(), *[bought(f"o-{n}", "1", f"03-{n:02} 12:00") for n in range(1, 11)]],
        until="03-11",
        program=with_rules({"levels": [{"name": "bronze"}, {"name": "silver", "orders": 11}]}),
        # The ceiling of 9.9 is 10.
        nudges=[("03-10 12:00", "tier_near")],
    ),
    Scenario(
        "all needs both to be near",
        [consent(), bought("o-1", "95", "03-01 12:00"), bought("o-2", "0", "03-02 12:00")],
        until="03-03",
        program=with_rules(
            {"match": "all", "levels": [{"name": "bronze"}, {"name": "silver", "spend": 100, "orders": 2}]}
        ),
        # The ceiling of 1.8 is 2: with the second order both are near, and spend is unmet.
        nudges=[("03-02 12:00", "tier_near")],
        bodies={"nudges.0.cheapest_path": "spend"},
    ),
    Scenario(
        "85.00 % is not far, 84.99 % is: retracted, armed again, a second id",
        [
            consent(),
            bought("o-1", "45", "03-01 10:00"),
            bought("o-2", "45", "03-01 12:00"),
            refunded("r-1", "o-2", "5", "03-01 14:00"),
            refunded("r-2", "o-2", "0.01", "03-01 15:00"),
            bought("o-3", "6", "03-01 16:00"),
        ],
        until="03-02",
        nudges=[NEAR, ("03-01 15:00", "tier_near", "no_longer_near"), ("03-01 16:00", "tier_near")],
        bodies={
            "nudges.1.nudge_id": "18784c16d7c07bc8afb0527400c0ddfd",
            "nudges.2.nudge_id": "5bf39d1da52421ef727274a055cdaa48",
        },
    ),
    Scenario(
        "trap 13: progress falls at midnight without an event, and the nudge is retracted",
        [consent(), bought("o-1", "60", "03-01 12:00"), bought("o-2", "30", "03-20 12:00")],
        until="03-31",
        nudges=[("03-20 12:00", "tier_near"), ("03-31", "tier_near", "no_longer_near")],
        state={"tier.next.progress": {"spend": 0.3, "orders": 0.25}, "tier.next.near": False},
    ),
    Scenario(
        "an expired nudge is not retracted",
        [consent(), bought("o-1", "60", "03-01 12:00"), bought("o-2", "30", "03-17")],
        until="03-31",
        # Valid to 31 March 00:00, which is the moment at which it stops being true.
        nudges=[("03-17", "tier_near")],
    ),
    Scenario(
        "reaching the tier retracts the near one after the message",
        [consent(), bought("o-1", "95", "03-01 12:00"), bought("o-2", "5", "03-02 12:00")],
        until="03-03",
        nudges=[NEAR, ("03-02 12:00", "tier_upgraded"), ("03-02 12:00", "tier_near", "reached")],
        bodies={"nudges.1.trigger": {"kind": "order", "id": "o-2"}, "nudges.1.expires_at": "2017-03-09T12:00:00Z"},
    ),
    Scenario(
        "a near nudge falls with the tier under it",
        [consent(), bought("o-1", "95", "03-01 12:00"), assigned("silver", "03-05 12:00", "03-02 12:00")],
        until="03-05 12:00",
        program=with_rules(
            {"levels": [{"name": "bronze"}, {"name": "silver", "orders": 4}, {"name": "gold", "spend": 100}]}
        ),
        nudges=[
            ("03-02 12:00", "tier_upgraded"),
            ("03-02 12:00", "tier_near"),
            ("03-05 12:00", "tier_downgraded"),
            ("03-05 12:00", "tier_upgraded", "tier_changed"),
            ("03-05 12:00", "tier_near", "tier_changed"),
        ],
    ),
    Scenario(
        "two warnings, the start of grace and the step down",
        [consent(), bought("o-1", "100", "03-01 12:00")],
        until="04-10",
        nudges=[
            ("03-01 12:00", "tier_upgraded"),
            ("03-24", "tier_at_risk"),
            ("03-28", "tier_at_risk"),
            ("03-31", "tier_at_risk"),
            ("04-10", "tier_downgraded"),
        ],
        bodies={
            "nudges.1.expires_at": "2017-04-10T00:00:00Z",
            "nudges.3.expires_at": "2017-04-10T00:00:00Z",
            "nudges.1.because.0": {"name": "spend", "value": "0.00", "threshold": "100.00"},
            "nudges.1.trigger": {"kind": "time", "id": None},
        },
    ),
    Scenario(
        "a customer who would now renew is not at risk any more",
        [consent(), bought("o-1", "100", "03-01 12:00"), bought("o-2", "100", "03-25 12:00")],
        until="04-01",
        program=with_rules({"levels": SPEND_ONLY[:2]}),
        nudges=[
            ("03-01 12:00", "tier_upgraded"),
            ("03-24", "tier_at_risk"),
            ("03-25 12:00", "tier_at_risk", "will_renew"),
        ],
    ),
    Scenario(
        "a renewal in grace retracts every open warning",
        [consent(), bought("o-1", "100", "03-01 12:00"), bought("o-2", "100", "04-05 12:00")],
        until="04-06",
        nudges=[
            ("03-01 12:00", "tier_upgraded"),
            ("03-24", "tier_at_risk"),
            ("03-28", "tier_at_risk"),
            ("03-31", "tier_at_risk"),
            ("04-05 12:00", "tier_at_risk", "will_renew"),
            ("04-05 12:00", "tier_at_risk", "will_renew"),
            ("04-05 12:00", "tier_at_risk", "will_renew"),
        ],
    ),
    Scenario(
        "a warning that is already behind when the term starts is not given",
        [consent(), bought("o-1", "100", "03-01 12:00")],
        until="03-06",
        program=with_rules({"term_days": 5}),
        # The term ends on 6 March; 7 days before is behind, 3 days before is the 3rd; then o-1 still counts: renewed.
        nudges=[("03-01 12:00", "tier_upgraded")],
        state={"tier.expires_at": "2017-03-11T00:00:00Z"},
    ),
    Scenario(
        "trap 14: nothing above the top, nothing below the bottom",
        [consent(), bought("o-1", "400", "03-01 12:00"), refunded("r-1", "o-1", "400", "03-01 13:00")],
        until="03-05",
        changes=[
            ("03-01 12:00", "bronze", "platinum", "order", "o-1"),
            ("03-02 13:00", "platinum", "bronze", "refund", "r-1"),
        ],
        nudges=[
            ("03-01 12:00", "tier_upgraded"),
            ("03-02 13:00", "tier_downgraded"),
            ("03-02 13:00", "tier_upgraded", "tier_changed"),
        ],
        bodies={
            "nudges.0.next_tier": None,
            "nudges.0.missing": None,
            "nudges.0.progress": None,
            "nudges.0.cheapest_path": None,
            "changes.1.skipped": ["silver", "gold"],
        },
    ),
]
