"""The order ledger of one customer: each order, refund and return once, whatever order they come in."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import msgspec

from schemas.instants import Instant
from state.errors import LedgerNeeded, UnreadableStateError


class OrderEntry(msgspec.Struct, omit_defaults=True, frozen=True):
    """What is known of one order; refunds and cancellations may be known before the order itself."""

    amount_minor: int | None = None
    """None until the order itself arrived."""
    occurred_at: Instant = 0
    effective_at: Instant = 0
    """When it counts from: when it occurred, but not after it arrived."""
    refunded_minor: int = 0
    cancelled: bool = False
    status_at: Instant | None = None
    """When the cancellation or reinstatement in force occurred."""
    categories: dict[str, int] = {}

    @property
    def excess_minor(self) -> int:
        """Refunds beyond the amount."""
        return 0 if self.amount_minor is None else max(0, self.refunded_minor - self.amount_minor)


UNKNOWN_ORDER = OrderEntry()


class Contribution(msgspec.Struct, frozen=True):
    """What an order adds to the sums of its day."""

    spend_minor: int
    orders: int


NOTHING = Contribution(0, 0)


def contribution(entry: OrderEntry) -> Contribution:
    """Return what ``entry`` counts for: nothing while cancelled or refunded in full."""
    amount = entry.amount_minor
    if amount is None or entry.cancelled or (amount > 0 and entry.refunded_minor >= amount):
        return NOTHING
    return Contribution(max(0, amount - entry.refunded_minor), 1)


class SeenEntry(msgspec.Struct, omit_defaults=True, frozen=True):
    """A refund or a return that was accepted; its id never counts again."""

    order_id: str
    amount_minor: int = 0


LedgerEntry: TypeAlias = OrderEntry | SeenEntry


def order_field(order_id: str) -> str:
    """Return the ledger field of an order."""
    return "o:" + order_id


def refund_field(refund_id: str) -> str:
    """Return the ledger field of a refund."""
    return "r:" + refund_id


def return_field(return_id: str) -> str:
    """Return the ledger field of a return."""
    return "t:" + return_id


class Ledger:
    """What is at hand of a customer's ledger: all of it, or some fields known to exist or not to."""

    __slots__ = ("complete", "entries")

    def __init__(self, entries: Mapping[str, LedgerEntry | None] | None = None, *, complete: bool = False) -> None:
        self.entries: dict[str, LedgerEntry | None] = dict(entries or {})
        self.complete = complete


class LedgerView:
    """A ledger as one step sees and changes it; the changes are in `written` until someone keeps them."""

    __slots__ = ("_customer_id", "_ledger", "written")

    def __init__(self, customer_id: str, ledger: Ledger) -> None:
        self._customer_id = customer_id
        self._ledger = ledger
        self.written: dict[str, LedgerEntry] = {}

    def order(self, order_id: str) -> OrderEntry:
        """Return what is known of the order, an empty entry where nothing is.

        Raises `LedgerNeeded` where the field is not at hand.
        """
        entry = self._entry(order_field(order_id))
        return entry if isinstance(entry, OrderEntry) else UNKNOWN_ORDER

    def has_seen(self, field: str) -> bool:
        """Tell whether the refund or return of this field was accepted before."""
        return self._entry(field) is not None

    def put(self, field: str, entry: LedgerEntry) -> None:
        """Note a new value of ``field``."""
        self.written[field] = entry

    def orders(self) -> Iterable[OrderEntry]:
        """Yield every order of the customer.

        Raises `LedgerNeeded` where the ledger at hand is not complete.
        """
        if not self._ledger.complete:
            raise LedgerNeeded((self._customer_id,))
        fields = self._ledger.entries | self.written
        return (entry for entry in fields.values() if isinstance(entry, OrderEntry))

    def _entry(self, field: str) -> LedgerEntry | None:
        if field in self.written:
            return self.written[field]
        try:
            return self._ledger.entries[field]
        except KeyError:
            if self._ledger.complete:
                return None
            raise LedgerNeeded((self._customer_id,)) from None


_encoder = msgspec.json.Encoder()
_order_decoder = msgspec.json.Decoder(OrderEntry)
_seen_decoder = msgspec.json.Decoder(SeenEntry)


def encode_entry(entry: LedgerEntry) -> bytes:
    """Return the stored form of a ledger field's value (JSON)."""
    return _encoder.encode(entry)


def decode_entry(field: str, blob: bytes) -> LedgerEntry:
    """Return the entry stored under ``field``.

    Raises `UnreadableStateError`.
    """
    try:
        return _order_decoder.decode(blob) if field.startswith("o:") else _seen_decoder.decode(blob)
    except msgspec.DecodeError as error:
        raise UnreadableStateError(f"a ledger entry cannot be read: {error}") from error
