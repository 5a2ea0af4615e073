"""A row read by the mapping: whose it is, when, how much, and which events it is for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from replay.importing.refusal import LeftOut, RowError
from replay.importing.rows import Cells
from replay.importing.values import Reader, found, needed_text, optional_text, text_of, times
from schemas.instants import Instant
from schemas.mapping import Fields, LineFields, OrderMapping, Rule, When
from schemas.mapping_parts import ValueFrom

OrderKey = tuple[str, str]
"""Customer id and order id: together they name an order."""
Line = dict[str, object]
"""One line of an order, as the contract has it."""

_NOTES = ("channel", "region", "coupon", "nudge_id", "reason", "refund_id", "return_id")


@dataclass(frozen=True, slots=True)
class Entry:
    """One row, read. ``number`` and ``text`` are the row's own. Money is in minor units of ``currency``."""

    number: int
    text: str
    emit: tuple[str, ...]
    customer_id: str
    order_id: str
    at: Instant
    after_at: Instant
    """When what follows the purchase happened."""
    currency: str
    amount_minor: int
    notes: dict[str, str]
    quantity: int
    unit_price: Decimal | None
    sku: str
    category: str | None
    line_id: str | None
    lines: tuple[Line, ...]
    """Those that stand inside a JSON row."""

    @property
    def key(self) -> OrderKey:
        """The order that the row belongs to."""
        return self.customer_id, self.order_id


class EntryReader:
    """Reads the rows of one mapping."""

    def __init__(self, mapping: OrderMapping) -> None:
        self._mapping = mapping
        self._reader = Reader(mapping.money, mapping.time)
        self._rules = [(rule, mapping.fields.with_overrides(rule.fields)) for rule in mapping.rules]

    def read(self, number: int, text: str, cells: Cells) -> Entry | LeftOut:
        """Return what the row says. Raises ``RowError``."""
        rule, fields = self._rule(cells)
        if rule.emit == ("leave_out",):
            return LeftOut(rule.reason or "leave_out", _told(rule.when, cells))
        entry = self._entry(number, text, cells, rule, fields)
        if self._mapping.zero_amount == "leave_out" and "placed" in rule.emit and entry.amount_minor == 0:
            return LeftOut("zero_amount", "the purchase costs nothing")
        return entry

    def order_of(self, cells: Cells) -> tuple[str | None, str] | None:
        """Return which order a row that cannot be read belongs to; the customer may be unknown."""
        try:
            _, fields = self._rule(cells)
            order_id = needed_text(cells, fields.order_id, "order_id")
        except RowError:
            return None
        try:
            return needed_text(cells, fields.customer_id, "customer_id"), order_id
        except RowError:
            return None, order_id

    def _rule(self, cells: Cells) -> tuple[Rule, Fields]:
        for rule, fields in self._rules:
            if rule.when is None or _fits(rule.when, cells):
                return rule, fields
        when = self._mapping.rules[-1].when
        raise RowError("no_rule", f"no rule of the mapping is for this row; {_told(when, cells)}")

    def _entry(self, number: int, text: str, cells: Cells, rule: Rule, fields: Fields) -> Entry:
        customer_id = needed_text(cells, fields.customer_id, "customer_id")
        order_id = needed_text(cells, fields.order_id, "order_id")
        at = self._instant(cells, fields.occurred_at, "occurred_at")
        currency = self._mapping.money.currency or optional_text(cells, fields.currency) or ""
        is_line = self._mapping.row == "line"
        quantity = self._quantity(cells, fields.quantity, is_reversal=rule.emit == ("reversal",)) if is_line else 1
        return Entry(
            number=number,
            text=text,
            emit=rule.emit,
            customer_id=customer_id,
            order_id=order_id,
            at=at,
            after_at=at if rule.at is None else self._instant(cells, rule.at, "at"),
            currency=currency,
            amount_minor=self._amount(cells, rule, fields, currency, quantity),
            notes=dict(_notes(cells, fields)),
            quantity=quantity,
            unit_price=self._unit_price(cells, fields),
            sku=needed_text(cells, fields.sku, "sku") if is_line else "",
            category=optional_text(cells, fields.category),
            line_id=optional_text(cells, fields.line_id),
            lines=() if fields.lines is None else tuple(self._lines(cells, fields.lines, currency)),
        )

    def _instant(self, cells: Cells, source: ValueFrom | None, ours: str) -> Instant:
        return self._reader.instant(needed_text(cells, source, ours), ours)

    def _amount(self, cells: Cells, rule: Rule, fields: Fields, currency: str, quantity: int) -> int:
        if not {"placed", "refunded", "reversal"} & set(rule.emit):
            return 0
        if fields.amount is not None and rule.emit != ("reversal",):
            name, amount = "amount", self._reader.number(cells, fields.amount, "amount")
        else:
            price = self._reader.number(cells, fields.unit_price, "unit_price")
            name, amount = "unit_price", times(price, quantity, "unit_price")
        if amount < 0:
            raise RowError("negative_amount", f"{name}: {amount} is below 0")
        return self._reader.minor(amount, currency, name)

    def _unit_price(self, cells: Cells, fields: Fields) -> Decimal | None:
        if fields.unit_price is None:
            return None
        return self._reader.number(cells, fields.unit_price, "unit_price")

    def _quantity(self, cells: Cells, source: ValueFrom | None, *, is_reversal: bool) -> int:
        """Return the pieces, at least one; a reversal has them with a minus, or else without."""
        if source is None:
            return 1
        given = self._reader.number(cells, source, "quantity")
        pieces = given.copy_abs() if is_reversal else given
        if not 1 <= pieces <= 10**9 or pieces != int(pieces):
            raise RowError("invalid_quantity", f"quantity: {given} is not a whole number from 1")
        return int(pieces)

    def _lines(self, cells: Cells, inside: LineFields, currency: str) -> Iterator[Line]:
        given = found(cells, inside.path)
        if given is None:
            return
        if not isinstance(given, list) or not all(isinstance(line, dict) for line in given):
            raise RowError("invalid_field", f"{inside.path}: is not a list of objects")
        for line in given:
            yield self._line(line, inside, currency)

    def _line(self, cells: Cells, inside: LineFields, currency: str) -> Line:
        quantity = self._quantity(cells, inside.quantity, is_reversal=False)
        line: Line = {"sku": needed_text(cells, inside.sku, "sku"), "quantity": quantity}
        category = optional_text(cells, inside.category)
        if category is not None:
            line["category"] = category
        if inside.amount is not None:
            line["amount_minor"] = self._reader.minor(
                self._reader.number(cells, inside.amount, "amount"), currency, "amount"
            )
        return line


def _fits(when: When, cells: Cells) -> bool:
    text = text_of(cells, when.field)
    if when.values is not None:
        return text in when.values
    return re.search(when.pattern or "", text) is not None


def _told(when: When | None, cells: Cells) -> str:
    return "" if when is None else f"{when.field}: {text_of(cells, when.field)}"


def _notes(cells: Cells, fields: Fields) -> Iterator[tuple[str, str]]:
    for name in _NOTES:
        text = optional_text(cells, getattr(fields, name))
        if text is not None:
            yield name, text
