"""Negative lines that do not say which order they take back.

Such a line is a refund of the customer's own earlier purchases of the same product at the same unit price, the latest
first, until all its pieces are found; a piece is taken back once. A line whose pieces are not all found is rejected as
a whole: the purchase may lie before the history, and a refund of an order that nobody knows would wait for ever.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from replay.importing.books import Books
from replay.importing.entries import Entry, OrderKey
from replay.importing.events import NewEvent, refund
from replay.importing.refusal import RowError
from schemas.instants import Instant

Product = tuple[str, str, str, Decimal | None]
"""Customer id, product, currency and the price of a piece."""


@dataclass(slots=True)
class _Piece:
    """Pieces of one line of an order that nobody has taken back."""

    at: Instant
    order_id: str
    number: int
    left: int


class Purchases:
    """What every customer bought and still has."""

    def __init__(self) -> None:
        self._pieces: dict[Product, list[_Piece]] = defaultdict(list)
        self._is_sorted = False

    def add(self, entries: Sequence[Entry]) -> None:
        """Remember the lines of an order; those that are taken back by their own status are not there any more."""
        at = min(entry.at for entry in entries)
        for entry in entries:
            if entry.emit == ("placed",):
                self._pieces[_product(entry)].append(_Piece(at, entry.order_id, entry.number, entry.quantity))
        self._is_sorted = False

    def take_back(self, entry: Entry) -> list[tuple[str, int]]:
        """Return the orders that the line takes back, each with its pieces. Raises ``RowError``."""
        self._sort()
        earlier = [piece for piece in self._pieces.get(_product(entry), ()) if piece.left and piece.at <= entry.at]
        known = sum(piece.left for piece in earlier)
        if known < entry.quantity:
            detail = f"the customer's earlier orders have {known} of {entry.quantity} pieces at this price"
            raise RowError("no_known_purchase", detail)
        return list(_taken(earlier, entry.quantity))

    def _sort(self) -> None:
        if not self._is_sorted:
            for pieces in self._pieces.values():
                pieces.sort(key=lambda piece: (piece.at, piece.order_id, -piece.number), reverse=True)
            self._is_sorted = True


def refunds_of(reversals: Sequence[Entry], purchases: Purchases, books: Books) -> Iterator[NewEvent]:
    """Yield one refund for every order that a reversal document takes something of."""
    found: dict[tuple[OrderKey, str], list[tuple[Entry, int]]] = defaultdict(list)
    for entry in reversals:
        try:
            taken = purchases.take_back(entry)
        except RowError as error:
            books.reject(entry.number, entry.text, error)
            continue
        books.take([entry])
        for order_id, minor in _shares(entry, taken):
            found[entry.key, order_id].append((entry, minor))
    for ((_, document), order_id), parts in found.items():
        minor = sum(minor for _, minor in parts)
        last = max((entry for entry, _ in parts), key=lambda entry: entry.at)
        yield refund(last, f"{document}/{order_id}", order_id, minor, last.at)


def _taken(pieces: Sequence[_Piece], wanted: int) -> Iterator[tuple[str, int]]:
    for piece in pieces:
        count = min(piece.left, wanted)
        if count:
            piece.left -= count
            wanted -= count
            yield piece.order_id, count


def _shares(entry: Entry, taken: Sequence[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    """Yield each order's share of the line's money; together they are all of it."""
    pieces_so_far = minor_so_far = 0
    for order_id, pieces in taken:
        pieces_so_far += pieces
        minor = entry.amount_minor * pieces_so_far // entry.quantity - minor_so_far
        minor_so_far += minor
        yield order_id, minor


def _product(entry: Entry) -> Product:
    return entry.customer_id, entry.sku, entry.currency, entry.unit_price
