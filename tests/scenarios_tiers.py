"""Scenarios of the tiers: one or more for each paragraph of SEMANTICS, worked out by hand."""

from __future__ import annotations

from tests.builders import Json, a_cancellation, a_consent, a_manual_tier, a_refund, a_reinstatement, an_order
from tests.scenario import Scenario, instant, micros, step, with_rules

CALENDAR: Json = {"calendar_year": True}
SPEND_ONLY = [{"name": "bronze"}, {"name": "silver", "spend": 100}, {"name": "gold", "spend": 200}]


def bought(order_id: str, amount: object, at: str, occurred_at: str | None = None, **fields: object) -> Json:
    """Return the step of an order."""
    return step(an_order(order_id, amount, instant(occurred_at or at), **fields), at)


def refunded(refund_id: str, order_id: str, amount: object, at: str) -> Json:
    """Return the step of a refund."""
    return step(a_refund(refund_id, order_id, amount, instant(at)), at)


def cancelled(order_id: str, at: str, occurred_at: str | None = None) -> Json:
    """Return the step of a cancellation."""
    return step(a_cancellation(order_id, instant(occurred_at or at)), at)


def reinstated(order_id: str, at: str, occurred_at: str | None = None) -> Json:
    """Return the step of a reinstatement."""
    return step(a_reinstatement(order_id, instant(occurred_at or at)), at)


def assigned(tier: str, until: str, at: str) -> Json:
    """Return the step of a manual tier."""
    return step(a_manual_tier(tier, instant(until), instant(at)), at)


def changed_rules(at: str, program: Json) -> Json:
    """Return the step of an adoption."""
    return {"step": "program", "at": micros(at), "program": program}


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
        "an order of day d counts until day d + 30 starts (last instant)",
        [bought("o-1", "60", "03-01 23:00")],
        until="03-30 23:59:59",
        state={"tier.next.missing": {"spend": "40.00", "orders": 3}, "rfm.recency_days": 29},
    ),
    Scenario(
        "an order of day d has left when day d + 30 starts",
        [bought("o-1", "60", "03-01 23:00")],
        until="03-31",
        state={"tier.next.missing": {"spend": "100.00", "orders": 4}, "rfm.monetary": "60.00", "rfm.recency_days": 30},
    ),
    Scenario(
        "a late order counts on its own day",
        [bought("o-0", "1", "03-20 10:00"), bought("o-1", "60", "03-20 12:00", "03-01 08:00")],
        until="03-31",
        state={"tier.next.missing": {"spend": "99.00", "orders": 3}, "rfm.tenure_days": 30, "rfm.recency_days": 11},
    ),
    Scenario(
        "an early order counts on the day it arrives",
        [bought("o-1", "60", "03-01 12:00", "03-02 11:00")],
        until="03-31",
        state={"tier.next.missing": {"spend": "100.00", "orders": 4}, "rfm.recency_days": 30},
    ),
    Scenario(
        "a calendar year forgets at new year, and its term ends on 1 January after the next year",
        [bought("o-1", "100", "12-31 12:00")],
        until="2018-01-01",
        program=with_rules({"window": CALENDAR}),
        state={
            "tier.name": "silver",
            "tier.expires_at": "2019-01-01T00:00:00Z",
            "tier.next.missing": {"spend": "200.00", "orders": 8},
            "tier.at_expiration": "bronze",
        },
    ),
    Scenario(
        "a calendar review looks at the year that ends",
        [bought("o-1", "100", "12-31 12:00"), bought("o-2", "120", "2018-06-01 12:00")],
        until="2019-01-02",
        program=with_rules({"window": CALENDAR}),
        changes=[("12-31 12:00", "bronze", "silver", "order", "o-1")],
        state={"tier.expires_at": "2021-01-01T00:00:00Z", "tier.grace_until": None, "tier.at_expiration": "bronze"},
    ),
    Scenario(
        "lifetime never forgets and never ends",
        [bought("o-1", "100", "03-01 12:00")],
        until="2027-01-01",
        program=with_rules({"window": {"lifetime": True}}),
        changes=[("03-01 12:00", "bronze", "silver", "order", "o-1")],
        state={
            "tier.expires_at": None,
            "tier.at_expiration": "silver",
            "tier.next.missing": {"spend": "100.00", "orders": 7},
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
        "cancelled, then reinstated, counts once",
        [
            bought("o-1", "60", "03-01 12:00"),
            cancelled("o-1", "03-02 12:00"),
            reinstated("o-1", "03-03 12:00"),
            cancelled("o-1", "03-04 12:00", "03-03 11:00"),
        ],
        until="03-05",
        counts={"applied": 3, "duplicate": 1},
        state={"rfm.frequency": 1, "rfm.monetary": "60.00"},
    ),
    Scenario(
        "a tie means cancelled",
        [
            bought("o-1", "60", "03-01 12:00"),
            cancelled("o-1", "03-02 12:00"),
            reinstated("o-1", "03-03 12:00", "03-02 12:00"),
        ],
        until="03-05",
        counts={"applied": 2, "duplicate": 1},
        state={"rfm.frequency": 0, "rfm.monetary": "0.00"},
    ),
]
