"""Which records become events: the checks that need no customer."""

from collections.abc import Callable

import msgspec

from schemas.decoded import Event
from schemas.decoding import RejectedError, decode
from schemas.instants import DAY_MICROSECONDS, Instant
from schemas.record import LogRecord
from state.ledger import order_field, refund_field, return_field
from state.outputs import VALUE_BYTES_MAX, DeadLetter
from state.rules import Rules

FUTURE_FOR_MAX = DAY_MICROSECONDS


class Admitted(msgspec.Struct, frozen=True):
    """A record that holds an event, before anyone looked at its customer."""

    record: LogRecord
    event: Event

    @property
    def customer_id(self) -> str:
        """Whose event it is."""
        return self.event.customer_id


def admit(record: LogRecord) -> Admitted | DeadLetter:
    """Return the event that ``record`` holds, or why there is none; depends on the record alone."""
    if record.value is not None and len(record.value) > VALUE_BYTES_MAX:
        detail = f"the value has {len(record.value)} bytes; at most {VALUE_BYTES_MAX} are allowed"
        return DeadLetter(record, "too_large", detail)
    try:
        event = decode(record.topic, record.value, record.headers)
    except RejectedError as rejected:
        return DeadLetter(record, rejected.reason, rejected.detail)
    if record.key != event.customer_id.encode():
        return DeadLetter(record, "key_mismatch", "the record's key must be customer_id as UTF-8")
    return Admitted(record, event)


def objection_to(event: Event, rules: Rules, timestamp_at: Instant) -> tuple[str, str] | None:
    """Return reason and detail if ``event`` does not fit the program or its timestamp."""
    if event.type in ("order.placed", "order.refunded") and event.currency != rules.currency:
        return "currency_mismatch", f"currency: the program counts in {rules.currency}"
    if event.occurred_at > timestamp_at + FUTURE_FOR_MAX:
        return "future_event", "occurred_at: more than 24 h after the record's timestamp"
    if event.type == "tier.assigned" and rules.rank_of(event.tier) is None:
        levels = ", ".join(level.name for level in rules.levels)
        return "invalid_field", f"tier: the program has no such level; one of {levels}"
    return None


def fields_wanted(event: Event) -> tuple[str, ...]:
    """Return the ledger fields that a step on ``event`` looks at."""
    return _WANTED[event.type](event) if event.type in _WANTED else ()


_WANTED: dict[str, Callable[..., tuple[str, ...]]] = {
    "order.placed": lambda event: (order_field(event.order_id),),
    "order.cancelled": lambda event: (order_field(event.order_id),),
    "order.reinstated": lambda event: (order_field(event.order_id),),
    "order.refunded": lambda event: (order_field(event.order_id), refund_field(event.refund_id)),
    "order.returned": lambda event: (return_field(event.return_id),),
}
