"""What one event says about one customer: the ledger, the sums and the facts; no decision yet."""

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

import msgspec
from msgspec.structs import replace

from schemas.decoded import (
    ConsentChanged,
    Event,
    OrderCancelled,
    OrderPlaced,
    OrderRefunded,
    OrderReinstated,
    OrderReturned,
    ProfileUpdated,
)
from state.customer import CustomerState
from state.decision import BY_HAND, Decision, Trigger
from state.ledger import (
    LedgerEntry,
    LedgerView,
    OrderEntry,
    SeenEntry,
    contribution,
    order_field,
    refund_field,
    return_field,
)
from state.reversal import start_debounce
from state.rules import Rules
from state.sums import replace_order
from state.tiers import assign_floor, follow_sums

RETURN_OPEN_DAYS = 30

Fate: TypeAlias = Literal["applied", "duplicate"]


class StepResult(msgspec.Struct, frozen=True, gc=False):
    """The state after a step, what it decided on the way, and the ledger fields that are new."""

    customer: CustomerState
    decisions: list[Decision]
    fate: Fate
    written: Mapping[str, LedgerEntry]


class Booking(NamedTuple):
    """What an order did to the books: whether anything was new, and whether it took from a counting order."""

    is_new: bool
    took: bool = False


def trigger_of(event: Event) -> Trigger:
    """Return how decisions on ``event`` name their cause."""
    if event.type in ("order.placed", "order.reinstated", "order.returned"):
        return Trigger("order", event.order_id)
    if event.type == "order.refunded":
        return Trigger("refund", event.refund_id)
    if event.type == "order.cancelled":
        return Trigger("refund", event.order_id)
    return BY_HAND if event.type == "tier.assigned" else Trigger("engagement", None)


def apply_event(decision: Decision, event: Event, ledger: LedgerView) -> Fate:
    """Book ``event`` and let the tier follow; a repeated one changes nothing.

    Raises `LedgerNeeded` where every order of the customer has to be seen.
    """
    customer, rules = decision.customer, decision.rules
    if event.type == "tier.assigned":
        assign_floor(decision, event.tier, event.until, event.reason)
    elif event.type == "consent.changed":
        _set_consent(customer, event)
    elif event.type == "profile.updated":
        _update_profile(customer, event)
    elif event.type != "customer.erased":
        booking = _book(customer, rules, event, ledger, decision)
        if not booking.is_new:
            return "duplicate"
        decision.asks = True
        follow_sums(decision)
        if booking.took:
            start_debounce(decision, decision.trigger.id or "")
    return "applied"


def categories_of(event: OrderPlaced) -> dict[str, int]:
    """Return what the order's lines say was spent by category, in minor units."""
    amounts: dict[str, int] = {}
    for line in event.lines or ():
        category, amount_minor = line.category, line.amount_minor
        if category is not None and amount_minor is not None:
            amounts[category] = amounts[category] + amount_minor if category in amounts else amount_minor
    return amounts


def _book(
    customer: CustomerState,
    rules: Rules,
    event: OrderPlaced | OrderCancelled | OrderReinstated | OrderRefunded | OrderReturned,
    ledger: LedgerView,
    decision: Decision,
) -> Booking:
    if event.type == "order.placed":
        return _place(customer, rules, event, ledger, decision.now)
    if event.type == "order.refunded":
        return _refund(customer, rules, event, ledger)
    if event.type == "order.returned":
        return _open_return(decision, event, ledger)
    return _set_status(customer, rules, event, ledger)


def _place(customer: CustomerState, rules: Rules, event: OrderPlaced, ledger: LedgerView, now: int) -> Booking:
    old = ledger.order(event.order_id)
    if old.amount_minor is not None:
        return Booking(is_new=False)
    new = replace(
        old,
        amount_minor=event.amount_minor,
        occurred_at=event.occurred_at,
        effective_at=min(event.occurred_at, now),
        categories=categories_of(event),
    )
    replace_order(customer, rules, ledger, order_field(event.order_id), old, new)
    return Booking(is_new=True)


def _refund(customer: CustomerState, rules: Rules, event: OrderRefunded, ledger: LedgerView) -> Booking:
    seen = refund_field(event.refund_id)
    if ledger.has_seen(seen):
        return Booking(is_new=False)
    old = ledger.order(event.order_id)
    new = replace(old, refunded_minor=old.refunded_minor + event.amount_minor)
    replace_order(customer, rules, ledger, order_field(event.order_id), old, new)
    ledger.put(seen, SeenEntry(event.order_id, event.amount_minor))
    if event.order_id in customer.returns:
        customer.returns = {one: until_at for one, until_at in customer.returns.items() if one != event.order_id}
    return Booking(is_new=True, took=_takes(old, new))


def _set_status(
    customer: CustomerState, rules: Rules, event: OrderCancelled | OrderReinstated, ledger: LedgerView
) -> Booking:
    old = ledger.order(event.order_id)
    cancels = event.type == "order.cancelled"
    if old.status_at is not None and not _is_later_word(old, event.occurred_at, cancels=cancels):
        return Booking(is_new=False)
    new = replace(old, cancelled=cancels, status_at=event.occurred_at)
    replace_order(customer, rules, ledger, order_field(event.order_id), old, new)
    return Booking(is_new=True, took=_takes(old, new))


def _open_return(decision: Decision, event: OrderReturned, ledger: LedgerView) -> Booking:
    seen = return_field(event.return_id)
    if ledger.has_seen(seen):
        return Booking(is_new=False)
    ledger.put(seen, SeenEntry(event.order_id))
    customer, now = decision.customer, decision.now
    still_open = {order_id: until_at for order_id, until_at in customer.returns.items() if until_at > now}
    customer.returns = still_open | {event.order_id: decision.rules.start_of(decision.today + RETURN_OPEN_DAYS)}
    return Booking(is_new=True)


def _is_later_word(entry: OrderEntry, occurred_at: int, *, cancels: bool) -> bool:
    """The latest word decides; of a tie, the cancellation."""
    assert entry.status_at is not None
    if occurred_at == entry.status_at:
        return cancels and not entry.cancelled
    return occurred_at > entry.status_at


def _takes(old: OrderEntry, new: OrderEntry) -> bool:
    before, after = contribution(old), contribution(new)
    return before.orders == 1 and after != before


def _set_consent(customer: CustomerState, event: ConsentChanged) -> None:
    if event.channel is None or event.channel == "all":
        customer.consent_default = event.granted
        customer.consent_channels = {}
    else:
        customer.consent_channels = customer.consent_channels | {event.channel: event.granted}


def _update_profile(customer: CustomerState, event: ProfileUpdated) -> None:
    customer.time_zone = event.time_zone or customer.time_zone
    customer.country = event.country or customer.country
    customer.household_id = event.household_id or customer.household_id
