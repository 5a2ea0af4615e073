"""Entries to events of the contracts, each checked as a worker would check it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from replay.importing.entries import Entry, Line
from replay.importing.refusal import RowError
from schemas.decoding import RejectedError, decode
from schemas.instants import Instant, format_instant
from schemas.money import format_minor
from schemas.topics import CONSENTS, ORDERS

_FOR_ORDERS = ("channel", "region", "coupon", "nudge_id")


class NewEvent(NamedTuple):
    """One event, ready to be sent. ``identity`` is what makes a second one a duplicate, empty where nothing does."""

    topic: str
    customer_id: str
    at: Instant
    kind: str
    order_id: str
    identity: str
    value: bytes

    @property
    def in_order(self) -> tuple[Instant, str, str, bool, str, bytes]:
        """What sorts events: by time, and at one instant a purchase before what follows it."""
        follows = self.kind != "order.placed"
        return self.at, self.customer_id, self.order_id, follows, self.kind, self.value


def events_of_row(entry: Entry) -> list[NewEvent]:
    """Return the events of a row that is a whole order, or a whole thing that happened to one. Raises ``RowError``."""
    return [_event_of_row(entry, kind) for kind in entry.emit]


def events_of_lines(entries: Sequence[Entry]) -> list[NewEvent]:
    """Return the events of the rows of one order. Raises ``RowError``.

    The order is cancelled if all its lines are; else a cancelled line is refunded, as its money no longer counts.
    """
    events = [_placed_from_lines(entries)]
    all_cancelled = all("cancelled" in entry.emit for entry in entries)
    if all_cancelled:
        last = max(entries, key=lambda entry: entry.after_at)
        events.append(_follow_up(last, "cancelled", last.after_at))
    for entry, line_key in zip(entries, _line_keys(entries), strict=True):
        if "returned" in entry.emit:
            lines = [_line(entry, with_amount=False)]
            events.append(_returned(entry, f"{entry.order_id}/{line_key}", entry.after_at, lines))
        if "refunded" in entry.emit or ("cancelled" in entry.emit and not all_cancelled):
            refund_id = f"{entry.order_id}/{line_key}"
            events.append(refund(entry, refund_id, entry.order_id, entry.amount_minor, entry.after_at))
    return events


def refund(entry: Entry, refund_id: str, order_id: str, amount_minor: int, at: Instant) -> NewEvent:
    """Return the refund of so much of an order. Raises ``RowError``."""
    body: dict[str, object] = {
        "refund_id": refund_id,
        "order_id": order_id,
        "amount": format_minor(amount_minor, entry.currency),
        "currency": entry.currency,
    }
    return _event(ORDERS, "order.refunded", entry.customer_id, at, body, f"refund {refund_id}")


def consent(customer_id: str, at: Instant) -> NewEvent:
    """Return that the customer agreed to messages."""
    return _event(CONSENTS, "consent.changed", customer_id, at, {"granted": True}, "")


def _event_of_row(entry: Entry, kind: str) -> NewEvent:
    at = entry.at if kind == "placed" else entry.after_at
    if kind == "placed":
        return _placed(entry, at, entry.amount_minor, entry.lines)
    if kind == "refunded":
        refund_id = entry.notes.get("refund_id", f"{entry.order_id}/refunded")
        return refund(entry, refund_id, entry.order_id, entry.amount_minor, at)
    if kind == "returned":
        return _returned(entry, entry.notes.get("return_id", f"{entry.order_id}/returned"), at, entry.lines)
    return _follow_up(entry, kind, at)


def _placed_from_lines(entries: Sequence[Entry]) -> NewEvent:
    first = entries[0]
    if any(entry.currency != first.currency for entry in entries):
        raise RowError("currency_mismatch", "the lines of one order are in several currencies")
    lines = [_line(entry, with_amount=True) for entry in entries]
    return _placed(first, min(entry.at for entry in entries), sum(entry.amount_minor for entry in entries), lines)


def _placed(entry: Entry, at: Instant, amount_minor: int, lines: Iterable[Line]) -> NewEvent:
    body: dict[str, object] = {
        "order_id": entry.order_id,
        "amount": format_minor(amount_minor, entry.currency),
        "currency": entry.currency,
        **{name: entry.notes[name] for name in _FOR_ORDERS if name in entry.notes},
    }
    shown = [_with_amount(line, entry.currency) for line in lines]
    if shown:
        body["lines"] = shown
    return _event(ORDERS, "order.placed", entry.customer_id, at, body, f"order {entry.order_id}")


def _returned(entry: Entry, return_id: str, at: Instant, lines: Iterable[Line]) -> NewEvent:
    body: dict[str, object] = {"return_id": return_id, "order_id": entry.order_id, **_reason(entry)}
    shown = [{name: line[name] for name in line if name != "amount_minor"} for line in lines]
    if shown:
        body["lines"] = shown
    return _event(ORDERS, "order.returned", entry.customer_id, at, body, f"return {return_id}")


def _follow_up(entry: Entry, kind: str, at: Instant) -> NewEvent:
    body: dict[str, object] = {"order_id": entry.order_id, **_reason(entry)}
    return _event(ORDERS, f"order.{kind}", entry.customer_id, at, body, "")


def _reason(entry: Entry) -> dict[str, object]:
    return {"reason": entry.notes["reason"]} if "reason" in entry.notes else {}


def _line(entry: Entry, *, with_amount: bool) -> Line:
    line: Line = {"sku": entry.sku, "quantity": entry.quantity}
    if entry.category is not None:
        line["category"] = entry.category
    if with_amount:
        line["amount_minor"] = entry.amount_minor
    return line


def _with_amount(line: Line, currency: str) -> Line:
    shown = dict(line)
    minor = shown.pop("amount_minor", None)
    if isinstance(minor, int):
        shown["amount"] = format_minor(minor, currency)
    return shown


def _line_keys(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield what tells each line from the others of its order: its id, or the product and how often it came before."""
    seen: Counter[str] = Counter()
    for entry in entries:
        seen[entry.sku] += 1
        again = "" if seen[entry.sku] == 1 else f"#{seen[entry.sku]}"
        yield entry.line_id or f"{entry.sku}{again}"


def _event(topic: str, kind: str, customer_id: str, at: Instant, body: dict[str, object], identity: str) -> NewEvent:
    event = {"type": kind, "customer_id": customer_id, "occurred_at": format_instant(at), **body}
    value = msgspec.json.encode(event)
    try:
        decode(topic, value)
    except RejectedError as error:
        raise RowError(error.reason, error.detail) from None
    return NewEvent(topic, customer_id, at, kind, str(body.get("order_id", "")), identity, value)
