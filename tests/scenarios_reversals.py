"""Scenarios of the reversal of one upgrade: its debounce, its 20 days, its sums; worked out by hand."""

from __future__ import annotations

from tests.scenario import Scenario, with_rules
from tests.scenario_steps import SPEND_ONLY, bought, cancelled, refunded

SCENARIOS = [
    Scenario(
        "a full refund reverses the upgrade after the debounce",
        [bought("o-1", "100", "03-01 12:00"), refunded("r-1", "o-1", "100", "03-05 10:00")],
        until="03-06 10:00",
        changes=[
            ("03-01 12:00", "bronze", "silver", "order", "o-1"),
            ("03-06 10:00", "silver", "bronze", "refund", "r-1"),
        ],
        state={"tier.expires_at": None, "rfm.frequency": 0, "rfm.recency_days": None, "rfm.aov": None},
    ),
    Scenario(
        "before the debounce ends nothing has happened",
        [bought("o-1", "100", "03-01 12:00"), refunded("r-1", "o-1", "100", "03-05 10:00")],
        until="03-06 09:59:59",
        changes=[("03-01 12:00", "bronze", "silver", "order", "o-1")],
    ),
    Scenario(
        "a later refund does not restart the debounce, and the first one is its trigger",
        [
            bought("o-1", "100", "03-01 12:00"),
            refunded("r-1", "o-1", "1", "03-05 10:00"),
            refunded("r-2", "o-1", "99", "03-06 09:00"),
        ],
        until="03-08",
        changes=[
            ("03-01 12:00", "bronze", "silver", "order", "o-1"),
            ("03-06 10:00", "silver", "bronze", "refund", "r-1"),
        ],
    ),
    Scenario(
        "an order that makes up for the refund keeps the tier",
        [
            bought("o-1", "100", "03-01 12:00"),
            refunded("r-1", "o-1", "50", "03-05 10:00"),
            bought("o-2", "50", "03-05 20:00"),
        ],
        until="03-20",
        changes=[("03-01 12:00", "bronze", "silver", "order", "o-1")],
        state={"tier.expires_at": "2017-03-31T00:00:00Z"},
    ),
    Scenario(
        "a cancellation reverses like a refund, with the order as trigger",
        [bought("o-1", "100", "03-01 12:00"), cancelled("o-1", "03-02 12:00")],
        until="03-04",
        changes=[
            ("03-01 12:00", "bronze", "silver", "order", "o-1"),
            ("03-03 12:00", "silver", "bronze", "refund", "o-1"),
        ],
    ),
    Scenario(
        "20 days after the grant only totals fall",
        [bought("o-1", "100", "03-01 12:00"), refunded("r-1", "o-1", "100", "03-21")],
        until="03-30",
        changes=[("03-01 12:00", "bronze", "silver", "order", "o-1")],
        state={"tier.name": "silver", "rfm.monetary": "0.00", "tier.at_expiration": "bronze"},
    ),
    Scenario(
        "on the last instant of the 20 days it still reverses",
        [bought("o-1", "100", "03-01 12:00"), refunded("r-1", "o-1", "100", "03-20 23:59:59")],
        until="03-30",
        changes=[
            ("03-01 12:00", "bronze", "silver", "order", "o-1"),
            ("03-21 23:59:59", "silver", "bronze", "refund", "r-1"),
        ],
    ),
    Scenario(
        "the sums as of the grant day hold a tier that today's do not",
        [
            bought("o-0", "60", "03-01 10:00"),
            bought("o-1", "140", "03-20 12:00"),
            refunded("r-1", "o-1", "50", "03-31 12:00"),
        ],
        until="04-02",
        # On 20 March 60.00 + 90.00 were silver; on 1 April o-0 has left.
        changes=[
            ("03-20 12:00", "bronze", "gold", "order", "o-1"),
            ("04-01 12:00", "gold", "silver", "refund", "r-1"),
        ],
        state={"tier.expires_at": "2017-04-19T00:00:00Z", "tier.next.missing": {"spend": "110.00", "orders": 7}},
    ),
    Scenario(
        "a renewal ends reversibility",
        [
            bought("o-1", "100", "03-01 12:00"),
            bought("o-2", "100", "03-10 12:00"),
            refunded("r-1", "o-2", "100", "03-12 12:00"),
            refunded("r-2", "o-1", "100", "03-12 13:00"),
        ],
        until="03-20",
        program=with_rules({"term_days": 10, "levels": SPEND_ONLY[:2]}),
        # The term of 1 March ends on 11 March and is renewed, so the refunds on the 12th find nothing to reverse.
        changes=[("03-01 12:00", "bronze", "silver", "order", "o-1")],
        state={"tier.name": "silver", "tier.expires_at": "2017-03-21T00:00:00Z"},
    ),
    Scenario(
        "a refund that waits for its order takes nothing from a counting one",
        [refunded("r-1", "o-1", "50", "03-01 10:00"), bought("o-1", "160", "03-01 12:00")],
        until="03-10",
        changes=[("03-01 12:00", "bronze", "silver", "order", "o-1")],
        state={"rfm.monetary": "110.00", "tier.name": "silver"},
    ),
]
