"""Scenarios of sums: refunds, cancellations and money to the minor unit; worked out by hand."""

from __future__ import annotations

from tests.scenario import Scenario, with_rules
from tests.scenario_steps import bought, cancelled, refunded, reinstated

SCENARIOS = [
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
    Scenario(
        "trap 3: a partial refund removes only its amount",
        [bought("o-1", "50", "03-01 12:00"), refunded("r-1", "o-1", "20.01", "03-01 13:00")],
        until="03-02",
        state={"rfm.monetary": "29.99", "rfm.frequency": 1, "rfm.aov": "29.99"},
    ),
    Scenario(
        "trap 4: buy and refund a hundred times ends at zero",
        [
            part
            for n in range(100)
            for part in (bought(f"o-{n}", "99.99", "03-01 12:00"), refunded(f"r-{n}", f"o-{n}", "99.99", "03-01 12:00"))
        ],
        until="03-02",
        counts={"applied": 200},
        changes=[],
        state={"rfm.monetary": "0.00", "rfm.frequency": 0, "rfm.aov": None, "rfm.tenure_days": None},
    ),
    Scenario(
        "trap 4: cancelled and reinstated a hundred times counts once",
        [
            bought("o-1", "10", "03-01 12:00"),
            *[
                part
                for n in range(30)
                for part in (cancelled("o-1", f"03-01 13:{n:02}"), reinstated("o-1", f"03-01 13:{n:02}:30"))
            ],
        ],
        until="03-02",
        state={"rfm.monetary": "10.00", "rfm.frequency": 1},
    ),
    Scenario(
        "trap 5: a refund before its order, larger than it, and twice",
        [
            refunded("r-1", "o-1", "4", "03-01 10:00"),
            bought("o-1", "10", "03-01 12:00"),
            refunded("r-1", "o-1", "6", "03-01 13:00"),
            bought("o-2", "10", "03-01 14:00"),
            refunded("r-2", "o-2", "25", "03-01 15:00"),
        ],
        until="03-02",
        counts={"applied": 4, "duplicate": 1},
        state={"rfm.monetary": "6.00", "rfm.frequency": 1},
    ),
    Scenario(
        "an order of amount 0 counts, also after a refund",
        [bought("o-1", "0", "03-01 12:00"), refunded("r-1", "o-1", "0", "03-01 13:00")],
        until="03-02",
        state={"rfm.monetary": "0.00", "rfm.frequency": 1, "rfm.aov": "0.00", "rfm.recency_days": 1},
    ),
    Scenario(
        "trap 7: $0.10 x 3 = $0.30, as text and as numbers",
        [bought("o-1", "0.10", "03-01 12:00"), bought("o-2", 0.1, "03-01 12:00"), bought("o-3", 0.10, "03-01 12:00")],
        until="03-02",
        state={"rfm.monetary": "0.30", "rfm.aov": "0.10"},
    ),
    Scenario(
        "an average is rounded half to even",
        [bought("o-1", "0.02", "03-01 12:00"), bought("o-2", "0.03", "03-01 12:00")],
        until="03-02",
        state={"rfm.aov": "0.02"},
    ),
    Scenario(
        "yen have no minor unit",
        [bought("o-1", "60", "03-01 12:00", currency="JPY"), bought("o-2", "1.5", "03-01 12:00", currency="JPY")],
        until="03-02",
        program=with_rules(currency="JPY"),
        dead_letters=["amount_precision"],
        state={"rfm.monetary": "60", "tier.next.missing": {"spend": "40", "orders": 3}},
    ),
    Scenario(
        "cancelling the last order moves recency to the one before",
        [bought("o-1", "10", "03-01 12:00"), bought("o-2", "10", "03-05 12:00"), cancelled("o-2", "03-06 12:00")],
        until="03-08",
        state={"rfm.recency_days": 7, "rfm.tenure_days": 7},
    ),
]
