"""Scenarios of records: admission, repeats, erasure and the two clocks; worked out by hand."""

from __future__ import annotations

from tests.builders import Json, a_manual_tier, an_erasure, an_order
from tests.scenario import Scenario, instant, micros, step
from tests.scenario_steps import assigned, bought


def erased(at: str, occurred_at: str | None = None) -> Json:
    """Return the step of an erasure."""
    return step(an_erasure(instant(occurred_at or at)), at)


def raw(value: object, at: str = "03-01 12:00", **fields: object) -> Json:
    """Return the step of a record on the orders topic, whatever its value is."""
    record: Json = {"topic": "retail.orders.v1", "timestamp": micros(at) // 1000, "value": value}
    return {"step": "record", "record": record | fields}


def order(**fields: object) -> Json:
    """Return an order.placed of 1 March with other fields."""
    return an_order("o-1", "5", instant("03-01 12:00")) | fields


SCENARIOS = [
    Scenario(
        "trap 1: a poison record takes no neighbour along",
        [bought("o-1", "10", "03-01 12:00"), raw("{", key="c-1"), bought("o-2", "10", "03-01 12:01")],
        until="03-02",
        dead_letters=["malformed_json"],
        counts={"applied": 2, "dead": 1},
        state={"rfm.monetary": "20.00"},
    ),
    Scenario(
        "every reason, each with the fault that it names",
        [
            raw(None, key="c-1"),
            raw("[1]", key="c-1"),
            raw('{"a": NaN}', key="c-1"),
            raw(order(type="order.lost")),
            raw(order(type="consent.changed", granted=True)),
            raw(order(order_id="")),
            raw(order(order_id="x" * 129)),
            raw(order(occurred_at="2017-03-01T12:00:00")),
            raw(order(amount=True)),
            raw(order(amount="-0.01")),
            raw(order(amount="0.001")),
            raw(order(amount=10.005)),
            raw(order(amount=f"1.{'0' * 40}1")),
            raw(order(currency="EUR")),
            raw(order(), key="c-2"),
            raw(order(), key=None),
            raw(order(occurred_at=instant("03-02 12:00:01"))),
            raw(order(padding="x" * 262_144)),
            step(a_manual_tier("diamond", instant("04-01"), instant("03-01")), "03-01 12:00"),
        ],
        until="03-02",
        dead_letters=[
            "malformed_json",
            "malformed_json",
            "malformed_json",
            "unknown_type",
            "unknown_type",
            "invalid_field",
            "invalid_field",
            "invalid_field",
            "invalid_field",
            "negative_amount",
            "amount_precision",
            "amount_precision",
            "amount_precision",
            "currency_mismatch",
            "key_mismatch",
            "key_mismatch",
            "future_event",
            "too_large",
            "invalid_field",
        ],
        counts={"dead": 19},
    ),
    Scenario(
        "of two faults the earlier check names the reason",
        [
            raw(order(amount="-0.001", currency="EUR")),
            raw(order(amount="0.001", currency="EUR"), key="c-2"),
            raw(order(currency="EUR"), key="c-2"),
            raw(order(currency="EUR", occurred_at=instant("04-01"))),
        ],
        until="03-02",
        dead_letters=["negative_amount", "amount_precision", "key_mismatch", "currency_mismatch"],
    ),
    Scenario(
        "a dead letter moves no customer's now, but the end of the log",
        [bought("o-1", "100", "03-01 12:00"), raw("{", "04-10", key="c-1")],
        until="03-02",
        changes=[("03-01 12:00", "bronze", "silver", "order", "o-1"), ("04-10", "silver", "bronze", "time", None)],
    ),
    Scenario(
        "trap 8: a retried order is one order, whatever its body says",
        [bought("o-1", "10", "03-01 12:00"), bought("o-1", "99", "03-01 13:00")],
        until="03-02",
        counts={"applied": 1, "duplicate": 1},
        state={"rfm.monetary": "10.00", "rfm.frequency": 1},
    ),
    Scenario(
        "a duplicate moves now: what is late after it is decided then",
        [
            bought("o-1", "100", "03-01 12:00"),
            bought("o-1", "100", "04-10"),
            bought("o-2", "100", "03-02 12:00"),
        ],
        until="04-10",
        changes=[
            ("03-01 12:00", "bronze", "silver", "order", "o-1"),
            ("04-10", "silver", "bronze", "time", None),
        ],
        # o-2 was learnt on 10 April and its day, 2 March, has left.
        state={"rfm.monetary": "200.00", "tier.next.missing": {"spend": "100.00", "orders": 4}},
    ),
    Scenario(
        "trap 15: erased stays gone; what is older is dropped, what is newer starts anew",
        [
            bought("o-1", "100", "03-01 12:00"),
            erased("03-02 12:00"),
            bought("o-1", "100", "03-03 12:00", "03-01 12:00"),
            bought("o-2", "10", "03-03 13:00", "03-02 12:00"),
            bought("o-3", "10", "03-03 14:00"),
            erased("03-04 12:00", "03-02 12:00"),
        ],
        until="03-05",
        counts={"applied": 3, "erased": 3},
        state={"rfm.monetary": "10.00", "tier.name": "bronze", "tier.since": "2017-03-03T14:00:00Z"},
    ),
    Scenario(
        "an erasure runs time first and is remembered for a stranger",
        [
            erased("03-02 12:00"),
            bought("o-1", "100", "03-03 12:00", "03-01 12:00"),
            assigned("gold", "04-01", "03-01 10:00"),
        ],
        until="03-05",
        changes=[],
        counts={"applied": 1, "erased": 2},
    ),
    Scenario(
        "timestamp -1 is the partition's clock",
        [
            bought("o-1", "90", "03-05 12:00"),
            {
                "step": "record",
                "record": {"topic": "retail.orders.v1", "timestamp": -1, "value": order(order_id="o-2")},
            },
        ],
        until="03-06",
        state={"rfm.monetary": "95.00", "rfm.tenure_days": 5},
    ),
    Scenario(
        "a tick stamps each effect with its due moment",
        [
            bought("o-1", "100", "03-01 12:00"),
            {"step": "tick", "at": micros("04-20"), "upto": None},
            bought("o-2", "100", "04-01 12:00"),
        ],
        until="04-10",
        # The tick left the customer at 10 April, so o-2 is decided there.
        changes=[
            ("03-01 12:00", "bronze", "silver", "order", "o-1"),
            ("04-10", "silver", "bronze", "time", None),
            ("04-10", "bronze", "silver", "order", "o-2"),
        ],
    ),
]
