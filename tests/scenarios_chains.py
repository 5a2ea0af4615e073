"""Scenarios of reversal where one upgrade follows another; worked out by hand."""

from __future__ import annotations

from tests.scenario import Scenario, consent, with_rules
from tests.scenario_steps import CALENDAR, bought, refunded

SCENARIOS = [
    Scenario(
        "the tier before goes on with its old term",
        [
            bought("o-1", "100", "03-01 12:00"),
            bought("o-2", "100", "03-25 12:00"),
            refunded("r-1", "o-2", "100", "03-26 12:00"),
        ],
        until="03-27 12:00",
        changes=[
            ("03-01 12:00", "bronze", "silver", "order", "o-1"),
            ("03-25 12:00", "silver", "gold", "order", "o-2"),
            ("03-27 12:00", "gold", "silver", "refund", "r-1"),
        ],
        state={"tier.expires_at": "2017-03-31T00:00:00Z", "tier.since": "2017-03-27T12:00:00Z"},
        bodies={"changes.2.term": {"starts_at": "2017-03-01T00:00:00Z", "ends_at": "2017-03-31T00:00:00Z"}},
    ),
    Scenario(
        "an old term that is over is reviewed at once, with grace from that day",
        [
            bought("o-1", "100", "03-01 12:00"),
            bought("o-2", "100", "03-30 12:00"),
            refunded("r-1", "o-2", "100", "03-30 13:00"),
        ],
        until="04-12",
        changes=[
            ("03-01 12:00", "bronze", "silver", "order", "o-1"),
            ("03-30 12:00", "silver", "gold", "order", "o-2"),
            ("03-31 13:00", "gold", "silver", "refund", "r-1"),
            ("04-10", "silver", "bronze", "time", None),
        ],
    ),
    Scenario(
        "without grace the same review makes a second change, and only the last a message",
        [
            consent(),
            bought("o-1", "100", "03-01 12:00"),
            bought("o-2", "100", "03-30 12:00"),
            refunded("r-1", "o-2", "100", "03-30 13:00"),
        ],
        until="04-12",
        program=with_rules({"grace_days": 0}),
        changes=[
            ("03-01 12:00", "bronze", "silver", "order", "o-1"),
            ("03-30 12:00", "silver", "gold", "order", "o-2"),
            ("03-31 13:00", "gold", "silver", "refund", "r-1"),
            ("03-31 13:00", "silver", "bronze", "time", None),
        ],
        nudges=[
            ("03-01 12:00", "tier_upgraded"),
            ("03-24", "tier_at_risk"),
            ("03-28", "tier_at_risk"),
            ("03-30 12:00", "tier_upgraded"),
            ("03-30 12:00", "tier_at_risk", "tier_changed"),
            ("03-30 12:00", "tier_at_risk", "tier_changed"),
            ("03-31 13:00", "tier_downgraded"),
            ("03-31 13:00", "tier_upgraded", "tier_changed"),
        ],
    ),
    Scenario(
        "a debounce that ends on a warning's midnight still gives that warning",
        [
            consent(),
            bought("o-1", "100", "03-01 12:00"),
            bought("o-2", "100", "03-21 12:00"),
            refunded("r-1", "o-2", "100", "03-23"),
        ],
        until="03-24",
        nudges=[
            ("03-01 12:00", "tier_upgraded"),
            ("03-21 12:00", "tier_upgraded"),
            ("03-24", "tier_downgraded"),
            ("03-24", "tier_at_risk"),
            ("03-24", "tier_upgraded", "tier_changed"),
        ],
    ),
    Scenario(
        "a restored calendar term that is over is reviewed by the year that ended with it",
        [
            bought("o-1", "100", "06-01 12:00"),
            bought("o-2", "100", "2018-06-01 12:00"),
            bought("o-3", "100", "2018-12-30 12:00"),
            refunded("r-1", "o-3", "100", "2018-12-31 12:00"),
        ],
        until="2019-01-01 12:00",
        program=with_rules({"window": CALENDAR}),
        changes=[
            ("06-01 12:00", "bronze", "silver", "order", "o-1"),
            ("2018-12-30 12:00", "silver", "gold", "order", "o-3"),
            ("2019-01-01 12:00", "gold", "silver", "refund", "r-1"),
        ],
        state={"tier.grace_until": None, "tier.expires_at": "2021-01-01T00:00:00Z"},
    ),
    Scenario(
        "a step down drops a running debounce",
        [
            bought("o-1", "100", "03-01 12:00"),
            bought("o-2", "100", "03-01 13:00"),
            refunded("r-1", "o-2", "100", "03-05 20:00"),
            refunded("r-2", "o-1", "100", "03-05 21:00"),
        ],
        until="03-07",
        program=with_rules({"term_days": 5, "grace_days": 0}),
        # Gold ends on 6 March 00:00, with nothing left: one level down, before the debounce ends.
        changes=[
            ("03-01 12:00", "bronze", "silver", "order", "o-1"),
            ("03-01 13:00", "silver", "gold", "order", "o-2"),
            ("03-06", "gold", "silver", "time", None),
        ],
        state={"tier.expires_at": "2017-03-11T00:00:00Z"},
    ),
    Scenario(
        "an upgrade 20 days after the one before is reversed alone",
        [
            bought("o-1", "100", "03-01 12:00"),
            bought("o-2", "100", "03-21"),
            refunded("r-1", "o-1", "100", "03-22 12:00"),
            refunded("r-2", "o-2", "100", "03-22 13:00"),
        ],
        until="03-24",
        changes=[
            ("03-01 12:00", "bronze", "silver", "order", "o-1"),
            ("03-21", "silver", "gold", "order", "o-2"),
            ("03-23 12:00", "gold", "silver", "refund", "r-1"),
        ],
        state={"tier.expires_at": "2017-03-31T00:00:00Z"},
    ),
    Scenario(
        "upgrades within 20 days of each other are reversed together",
        [
            bought("o-1", "100", "03-01 12:00"),
            bought("o-2", "100", "03-15 12:00"),
            refunded("r-1", "o-1", "100", "04-03 12:00"),
        ],
        until="04-05",
        program=with_rules({"term_days": 60}),
        # On 3 April (19 days after the second grant) o-1 falls away: as of 15 March 100.00 remain, silver.
        changes=[
            ("03-01 12:00", "bronze", "silver", "order", "o-1"),
            ("03-15 12:00", "silver", "gold", "order", "o-2"),
            ("04-04 12:00", "gold", "silver", "refund", "r-1"),
        ],
        # Not the tier before the chain (bronze): the term counts from the grant day.
        state={"tier.expires_at": "2017-05-14T00:00:00Z"},
    ),
    Scenario(
        "after a result that is not the tier before a later refund can lower it again",
        [
            bought("o-1", "100", "03-01 12:00"),
            bought("o-2", "100", "03-15 12:00"),
            refunded("r-1", "o-1", "100", "03-20 12:00"),
            refunded("r-2", "o-2", "100", "03-25 12:00"),
        ],
        until="03-27",
        changes=[
            ("03-01 12:00", "bronze", "silver", "order", "o-1"),
            ("03-15 12:00", "silver", "gold", "order", "o-2"),
            ("03-21 12:00", "gold", "silver", "refund", "r-1"),
            ("03-26 12:00", "silver", "bronze", "refund", "r-2"),
        ],
        state={"tier.expires_at": None},
    ),
    Scenario(
        "an upgrade drops a running debounce; a later refund starts its own",
        [
            bought("o-1", "100", "03-01 12:00"),
            refunded("r-1", "o-1", "50", "03-05 10:00"),
            bought("o-2", "160", "03-05 12:00"),
            refunded("r-2", "o-2", "100", "03-05 20:00"),
        ],
        until="03-20",
        changes=[
            ("03-01 12:00", "bronze", "silver", "order", "o-1"),
            ("03-05 12:00", "silver", "gold", "order", "o-2"),
            ("03-06 20:00", "gold", "silver", "refund", "r-2"),
        ],
    ),
]
