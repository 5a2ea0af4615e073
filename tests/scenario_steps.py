"""Steps and settings that several files of scenarios share."""

from __future__ import annotations

from tests.builders import (
    Json,
    a_cancellation,
    a_consent,
    a_manual_tier,
    a_refund,
    a_reinstatement,
    a_return,
    an_order,
)
from tests.scenario import instant, micros, step

CALENDAR: Json = {"calendar_year": True}
SPEND_ONLY = [{"name": "bronze"}, {"name": "silver", "spend": 100}, {"name": "gold", "spend": 200}]
NEAR = ("03-01 12:00", "tier_near")


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


def says(granted: bool, at: str, **fields: object) -> Json:
    """Return the step of a consent."""
    return step(a_consent(granted, instant(at), **fields), at)


def returned(return_id: str, order_id: str, at: str) -> Json:
    """Return the step of a return."""
    return step(a_return(return_id, order_id, instant(at)), at)
