"""Builders of input records' values: good defaults plus what matters to the test. Every one returns a new JSON dict."""

from __future__ import annotations

import itertools

Json = dict[str, object]
ORDERS = "retail.orders.v1"
CONSENTS = "retail.consents.v1"
AT = "2017-03-01T12:00:00Z"

_numbers = itertools.count(1)


def an_order(order_id: str | None = None, amount: object = "12.50", occurred_at: str = AT, **fields: object) -> Json:
    """Return an order.placed."""
    identity = {"order_id": order_id or f"o-{next(_numbers)}", "amount": amount, "currency": "USD"}
    return _event("order.placed", occurred_at, identity | fields)


def a_refund(
    refund_id: str | None = None,
    order_id: str = "o-1",
    amount: object = "12.50",
    occurred_at: str = AT,
    **fields: object,
) -> Json:
    """Return an order.refunded."""
    identity = {"refund_id": refund_id or f"r-{next(_numbers)}", "order_id": order_id}
    return _event("order.refunded", occurred_at, identity | {"amount": amount, "currency": "USD"} | fields)


def a_cancellation(order_id: str = "o-1", occurred_at: str = AT, **fields: object) -> Json:
    """Return an order.cancelled."""
    return _event("order.cancelled", occurred_at, {"order_id": order_id} | fields)


def a_reinstatement(order_id: str = "o-1", occurred_at: str = AT, **fields: object) -> Json:
    """Return an order.reinstated."""
    return _event("order.reinstated", occurred_at, {"order_id": order_id} | fields)


def a_return(return_id: str | None = None, order_id: str = "o-1", occurred_at: str = AT, **fields: object) -> Json:
    """Return an order.returned."""
    identity = {"return_id": return_id or f"b-{next(_numbers)}", "order_id": order_id}
    return _event("order.returned", occurred_at, identity | fields)


def a_consent(granted: bool = True, occurred_at: str = AT, **fields: object) -> Json:
    """Return a consent.changed."""
    return _event("consent.changed", occurred_at, {"granted": granted} | fields)


def a_profile(occurred_at: str = AT, **fields: object) -> Json:
    """Return a profile.updated."""
    return _event("profile.updated", occurred_at, fields)


def a_manual_tier(
    tier: str = "gold", until: str = "2017-06-01T00:00:00Z", occurred_at: str = AT, **fields: object
) -> Json:
    """Return a tier.assigned."""
    return _event("tier.assigned", occurred_at, {"tier": tier, "until": until, "reason": "goodwill"} | fields)


def an_erasure(occurred_at: str = AT, **fields: object) -> Json:
    """Return a customer.erased."""
    return _event("customer.erased", occurred_at, fields)


def a_record(value: object, timestamp_ms: int, **fields: object) -> Json:
    """Return a record of a log file; the topic follows from the type of the value."""
    topic = ORDERS if isinstance(value, dict) and str(value.get("type")).startswith("order.") else CONSENTS
    return {"topic": topic, "timestamp": timestamp_ms, "value": value} | fields


def _event(kind: str, occurred_at: str, fields: Json) -> Json:
    return {"type": kind, "customer_id": "c-1", "occurred_at": occurred_at} | fields
