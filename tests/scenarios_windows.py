"""Scenarios of the windows: which orders count on which day; worked out by hand."""

from __future__ import annotations

from tests.scenario import Scenario, with_rules
from tests.scenario_steps import CALENDAR, bought

SCENARIOS = [
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
        "a day that skips 00:00 starts at 01:00 (one second before)",
        [bought("o-1", "60", "07-14 16:00")],
        until="08-13 03:59:59",
        program=with_rules(time_zone="America/Santiago"),
        state={"tier.next.missing": {"spend": "40.00", "orders": 3}, "rfm.recency_days": 29},
    ),
    Scenario(
        "a day that skips 00:00 starts at 01:00",
        [bought("o-1", "60", "07-14 16:00")],
        until="08-13 04:00",
        program=with_rules(time_zone="America/Santiago"),
        state={"tier.next.missing": {"spend": "100.00", "orders": 4}, "rfm.recency_days": 30},
    ),
    Scenario(
        "trap 6: now and at the end of the term are different windows",
        [bought("o-1", "60", "03-01 12:00"), bought("o-2", "60", "03-10 12:00")],
        until="03-11",
        # Silver from 10 March, to 9 April; then o-1 has left (31 March) and o-2 leaves.
        state={
            "tier.name": "silver",
            "tier.next.missing": {"spend": "80.00", "orders": 6},
            "tier.at_expiration": "bronze",
        },
    ),
]
