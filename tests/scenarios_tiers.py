"""Scenarios of the tiers: one or more for each paragraph of SEMANTICS, worked out by hand."""

from __future__ import annotations

from tests.builders import a_consent
from tests.scenario import Scenario, instant, step, with_rules
from tests.scenario_steps import SPEND_ONLY, assigned, bought, changed_rules

SCENARIOS = [
    Scenario(
        "a customer starts in the lowest level, without an event",
        [bought("o-1", "99.99", "03-01 12:00")],
        until="03-02",
        changes=[],
        state={
            "tier.name": "bronze",
            "tier.since": "2017-03-01T12:00:00Z",
            "tier.expires_at": None,
            "tier.at_expiration": "bronze",
            "tier.next.name": "silver",
            "tier.next.missing": {"spend": "0.01", "orders": 3},
            "tier.next.progress": {"spend": 0.9999, "orders": 0.25},
            "tier.next.near": True,
            "tier.next.cheapest_path": "spend",
        },
    ),
    Scenario(
        "one order lifts straight to the highest level; the skipped are listed lowest first",
        [bought("o-1", "400", "03-01 12:00")],
        until="03-02",
        changes=[("03-01 12:00", "bronze", "platinum", "order", "o-1")],
        state={"tier.name": "platinum", "tier.next": None, "tier.expires_at": "2017-03-31T00:00:00Z"},
        bodies={
            "changes.0.skipped": ["silver", "gold"],
            "changes.0.criteria": [
                {"name": "spend", "value": "400.00", "threshold": "400.00", "met": True},
                {"name": "orders", "value": 1, "threshold": 15, "met": False},
            ],
            "changes.0.counterfactual": None,
            "changes.0.term": {"starts_at": "2017-03-01T00:00:00Z", "ends_at": "2017-03-31T00:00:00Z"},
        },
    ),
    Scenario(
        "match all needs every criterion",
        [bought(f"o-{n}", "100", f"03-01 12:0{n}") for n in range(4)],
        until="03-02",
        program=with_rules({"match": "all"}),
        changes=[("03-01 12:03", "bronze", "silver", "order", "o-3")],
        state={"tier.next.cheapest_path": "orders", "tier.next.missing": {"spend": "0.00", "orders": 4}},
    ),
    Scenario(
        "a tier is kept inside its term, then graced, then one level down with a new term",
        [bought("o-1", "400", "03-01 12:00")],
        until="05-20",
        changes=[
            ("03-01 12:00", "bronze", "platinum", "order", "o-1"),
            ("04-10", "platinum", "gold", "time", None),
            ("05-20", "gold", "silver", "time", None),
        ],
        state={"tier.expires_at": "2017-06-19T00:00:00Z", "tier.since": "2017-05-20T00:00:00Z"},
        bodies={
            "changes.1.criteria.0": {"name": "spend", "value": "0.00", "threshold": "400.00", "met": False},
            "changes.1.counterfactual": {"level": "platinum", "missing": {"spend": "400.00", "orders": 15}},
            "changes.1.term": {"starts_at": "2017-04-10T00:00:00Z", "ends_at": "2017-05-10T00:00:00Z"},
        },
    ),
    Scenario(
        "a review renews when what is left still qualifies, without an event",
        [bought("o-1", "100", "03-01 12:00"), bought("o-2", "100", "03-02 12:00", an_unknown_field="x")],
        until="03-31",
        program=with_rules({"levels": SPEND_ONLY[:2]}),
        changes=[("03-01 12:00", "bronze", "silver", "order", "o-1")],
        state={"tier.expires_at": "2017-04-30T00:00:00Z", "tier.grace_until": None, "tier.at_expiration": "bronze"},
    ),
    Scenario(
        "in grace the next level down is announced",
        [bought("o-1", "100", "03-01 12:00")],
        until="03-31",
        state={
            "tier.name": "silver",
            "tier.expires_at": "2017-03-31T00:00:00Z",
            "tier.grace_until": "2017-04-10T00:00:00Z",
            "tier.at_expiration": "bronze",
        },
    ),
    Scenario(
        "an order in grace renews at once from its day",
        [bought("o-1", "100", "03-01 12:00"), bought("o-2", "100", "04-09 23:59")],
        until="04-11",
        changes=[("03-01 12:00", "bronze", "silver", "order", "o-1")],
        state={"tier.expires_at": "2017-05-09T00:00:00Z", "tier.grace_until": None, "tier.at_expiration": "bronze"},
    ),
    Scenario(
        "an order at the very end of grace comes after the step down",
        [bought("o-1", "100", "03-01 12:00"), bought("o-2", "100", "04-10")],
        until="04-11",
        changes=[
            ("03-01 12:00", "bronze", "silver", "order", "o-1"),
            ("04-10", "silver", "bronze", "time", None),
            ("04-10", "bronze", "silver", "order", "o-2"),
        ],
    ),
    Scenario(
        "without grace the review steps down, with no nudge at its start",
        [bought("o-1", "100", "03-01 12:00"), step(a_consent(True, instant("03-25")), "03-29")],
        until="03-31",
        program=with_rules({"grace_days": 0}),
        changes=[("03-01 12:00", "bronze", "silver", "order", "o-1"), ("03-31", "silver", "bronze", "time", None)],
        nudges=[("03-31", "tier_downgraded")],
    ),
    Scenario(
        "a manual tier is a floor until its end",
        [assigned("gold", "03-10 12:00", "03-01 12:00")],
        until="03-10 12:00",
        changes=[("03-01 12:00", "bronze", "gold", "manual", None), ("03-10 12:00", "gold", "bronze", "time", None)],
        bodies={
            "changes.0.skipped": ["silver"],
            "changes.1.skipped": ["silver"],
            "changes.0.term": {"starts_at": "2017-03-01T12:00:00Z", "ends_at": "2017-03-10T12:00:00Z"},
        },
    ),
    Scenario(
        "under a floor the earned tier goes on",
        [assigned("gold", "03-10 12:00", "03-01 12:00"), bought("o-1", "100", "03-02 12:00")],
        until="03-11",
        changes=[("03-01 12:00", "bronze", "gold", "manual", None), ("03-10 12:00", "gold", "silver", "time", None)],
        state={"tier.name": "silver", "tier.expires_at": "2017-04-01T00:00:00Z", "tier.since": "2017-03-10T12:00:00Z"},
    ),
    Scenario(
        "the read model of a floor",
        [assigned("gold", "03-10 12:00", "03-01 12:00"), bought("o-1", "100", "03-02 12:00")],
        until="03-09",
        state={
            "tier.name": "gold",
            "tier.expires_at": "2017-03-10T12:00:00Z",
            "tier.at_expiration": "silver",
            "tier.next.missing": {"spend": "300.00", "orders": 14},
        },
    ),
    Scenario(
        "a change of program upgrades at once and lets demotions wait",
        [
            bought("o-1", "60", "03-01 12:00"),
            changed_rules(
                "03-02 12:00", with_rules({"levels": [{"name": "bronze"}, {"name": "silver", "spend": 50}]}, version=2)
            ),
            changed_rules("03-03 12:00", with_rules(version=3)),
        ],
        until="03-04",
        changes=[("03-02 12:00", "bronze", "silver", "program_change", None)],
        nudges=[],
        suppressions=[("03-02 12:00", "tier_upgraded", "program_change")],
        state={"tier.name": "silver", "tier.expires_at": "2017-04-01T00:00:00Z", "program_version": "v3"},
    ),
    Scenario(
        "at_expiration is the tier when the orders known now still reach it then",
        [bought("o-1", "100", "03-01 12:00"), bought("o-2", "100", "03-02 12:00")],
        until="03-03",
        program=with_rules({"levels": SPEND_ONLY[:2]}),
        state={"tier.at_expiration": "silver"},
    ),
    Scenario(
        "a level that is gone becomes the one of its rank",
        [
            bought("o-1", "100", "03-01 12:00"),
            changed_rules(
                "03-02 12:00", with_rules({"levels": [{"name": "bronze"}, {"name": "plus", "spend": 70}]}, version=2)
            ),
        ],
        until="03-03",
        changes=[
            ("03-01 12:00", "bronze", "silver", "order", "o-1"),
            ("03-02 12:00", "silver", "plus", "program_change", None),
        ],
        state={"tier.name": "plus", "tier.expires_at": "2017-03-31T00:00:00Z", "tier.next": None},
    ),
    Scenario(
        "trap 2: the same tier again emits nothing",
        [bought("o-1", "100", "03-01 12:00"), bought("o-2", "1", "03-01 13:00"), bought("o-3", "1", "03-01 14:00")],
        until="03-02",
        changes=[("03-01 12:00", "bronze", "silver", "order", "o-1")],
    ),
]
