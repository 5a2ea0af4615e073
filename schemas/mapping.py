"""The mapping file: how a shop's own orders, a CSV or JSON row each, become events of our contracts.

``fields`` says where each of our fields stands in theirs, ``rules`` which events a row makes. docs/onboarding.md shows
it used.
"""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from schemas.mapping_parts import Money, OptionalValue, Part, Regex, Source, Text, Time, Value, as_list

EventKind = Literal["placed", "cancelled", "reinstated", "returned", "refunded"]
RowKind = Literal["placed", "cancelled", "reinstated", "returned", "refunded", "reversal", "leave_out"]


class LineFields(Part):
    """The lines of an order inside one JSON row."""

    path: Text
    """Where the list stands."""
    sku: Value
    category: OptionalValue = None
    quantity: OptionalValue = None
    amount: OptionalValue = None


class Fields(Part):
    """Ours, from theirs."""

    customer_id: OptionalValue = None
    order_id: OptionalValue = None
    occurred_at: OptionalValue = None
    amount: OptionalValue = None
    """Of the order, or of the line where a row is a line: goods after discounts, without shipping and tax."""
    unit_price: OptionalValue = None
    """Instead of ``amount``, where a row is a line: times ``quantity``."""
    quantity: OptionalValue = None
    sku: OptionalValue = None
    category: OptionalValue = None
    line_id: OptionalValue = None
    """What tells a line from an equal one; without it, two equal rows are one row twice."""
    lines: LineFields | None = None
    currency: OptionalValue = None
    channel: OptionalValue = None
    region: OptionalValue = None
    coupon: OptionalValue = None
    nudge_id: OptionalValue = None
    reason: OptionalValue = None
    refund_id: OptionalValue = None
    return_id: OptionalValue = None

    def with_overrides(self, other: "Fields | None") -> "Fields":
        """Return these fields with those that ``other`` sets put in their place."""
        if other is None:
            return self
        return self.model_copy(update={name: getattr(other, name) for name in other.model_fields_set})


class When(Part):
    """Which rows a rule is for."""

    field: Text
    values: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    pattern: Regex | None = None
    """Must be found in the text; ^ and $ bind it to the ends."""

    @model_validator(mode="after")
    def _has_one_test(self) -> Self:
        if (self.values is None) == (self.pattern is None):
            raise ValueError("give either values or pattern, e.g. {field: status, values: [Complete]}")
        return self


class Rule(Part):
    """What the rows that fit make. The first rule that fits decides; a row that none fits is rejected."""

    when: When | None = None
    """None fits every row."""
    emit: Annotated[tuple[RowKind, ...], BeforeValidator(as_list), Field(min_length=1)]
    """Events of the row, in this order. ``reversal``: a negative line that takes an earlier purchase back.
    ``leave_out``: on purpose none."""
    at: OptionalValue = None
    """When what follows ``placed`` happened; else at ``occurred_at``."""
    fields: Fields | None = None
    """Fields that stand elsewhere in these rows."""
    reason: str = ""
    """Why rows are left out."""

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        alone = {"reversal", "leave_out"} & set(self.emit)
        if alone and len(self.emit) > 1:
            raise ValueError(f"emit: {min(alone)} stands alone")
        if len(set(self.emit)) < len(self.emit):
            raise ValueError("emit: each event once")
        return self


class OrderMapping(Part):
    """A shop's mapping to our contracts."""

    version: Literal[1] = 1
    source: Source = Source()
    row: Literal["order", "line"] = "order"
    """line: the rows of one customer and order id, wherever they stand in the file, are one order."""
    time: Time = Time()
    money: Money = Money()
    fields: Fields
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)] = (Rule(emit=("placed",)),)
    duplicates: Literal["drop", "keep"] = "drop"
    """Of rows that are equal to the letter within an order the first one counts; keep takes each for a line."""
    zero_amount: Literal["keep", "leave_out"] = "keep"
    """Whether a purchase that costs nothing is one."""
    consent: Literal["granted", "none"] = "none"
    """granted: every customer agreed to messages, which the shop vouches for."""

    @model_validator(mode="after")
    def _rules_have_their_fields(self) -> Self:
        for number, rule in enumerate(self.rules):
            if rule.emit != ("leave_out",):
                _check_fields(self, rule, self.fields.with_overrides(rule.fields), f"rules[{number}]")
        return self


def _check_fields(mapping: OrderMapping, rule: Rule, fields: Fields, where: str) -> None:
    needed = ["customer_id", "order_id", "occurred_at"]
    has_money = bool({"placed", "refunded", "reversal"} & set(rule.emit))
    if mapping.row == "line" or "reversal" in rule.emit:
        needed.append("sku")
    if "reversal" in rule.emit:
        needed += ["quantity", "unit_price"]
    if "refunded" in rule.emit and "placed" not in rule.emit and mapping.row == "order":
        needed.append("refund_id")
    missing = [name for name in needed if getattr(fields, name) is None]
    if has_money and fields.amount is None and (fields.unit_price is None or fields.quantity is None):
        missing.append("amount")
    if has_money and fields.currency is None and mapping.money.currency is None:
        missing.append("currency")
    if missing:
        raise ValueError(f"fields.{missing[0]} is needed by {where}: say where it stands, e.g. {missing[0]}: NAME")
    if "reversal" in rule.emit and mapping.row == "order":
        raise ValueError(f"{where}: reversal needs row: line, which knows what was bought")
    if mapping.row == "line" and (rule.emit[0] not in ("placed", "reversal") or "reinstated" in rule.emit):
        raise ValueError(
            f"{where}.emit: where a row is a line, give placed, alone or followed by cancelled, returned and refunded; "
            "or reversal, or leave_out"
        )
