"""What the oracle lets in: one record's bytes become a fact, or a refusal with its reason. Standard library only."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from zoneinfo import available_timezones

from tests.oracle_rules import from_datetime, minor_digits

ORDERS = "retail.orders.v1"
CONSENTS = "retail.consents.v1"
TIME_ZONES = available_timezones()
VALUE_BYTES_MAX = 256 * 1024
AMOUNT_MINOR_MAX = 10**15
INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
DECIMAL = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)

TYPES = {
    ORDERS: ("order.placed", "order.cancelled", "order.reinstated", "order.refunded", "order.returned"),
    CONSENTS: ("consent.changed", "profile.updated", "tier.assigned", "customer.erased"),
}


class RefusedError(Exception):
    """A record that becomes a dead letter: a reason of CONTRACTS and words for people."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Fact:
    """One accepted record; fields that its type does not have keep their default."""

    type: str
    customer_id: str
    occurred_at: int
    arrived_at: int = 0
    order_id: str = ""
    refund_id: str = ""
    return_id: str = ""
    amount: int = 0
    currency: str = ""
    granted: bool = False
    channel: str | None = None
    time_zone: str | None = None
    tier: str = ""
    until: int = 0


def parse(topic: str, value: bytes | None) -> Fact:
    """Return the fact in a value, in the order of checks up to amount_precision, or raise RefusedError."""
    body = _object(value)
    kind = body.get("type")
    if not isinstance(kind, str) or kind not in TYPES[topic]:
        raise RefusedError("unknown_type", f"{kind!r} on {topic}")
    fields: dict[str, object] = {
        "type": kind,
        "customer_id": _identifier(body, "customer_id"),
        "occurred_at": _instant(body, "occurred_at"),
    }
    fields |= READERS[kind](body)
    if "amount" in fields:
        fields["amount"] = _to_minor(fields["amount"], str(fields["currency"]))
    return Fact(**fields)  # type: ignore[arg-type]


def _object(value: bytes | None) -> dict[str, object]:
    if value is None:
        raise RefusedError("malformed_json", "null value")
    if len(value) > VALUE_BYTES_MAX:
        raise RefusedError("too_large", f"{len(value)} bytes")
    try:
        body = json.loads(value.decode("utf-8"), parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RefusedError("malformed_json", str(error)) from error
    if not isinstance(body, dict):
        raise RefusedError("malformed_json", "not an object")
    return body


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _placed(body: dict[str, object]) -> dict[str, object]:
    for name in ("channel", "region", "coupon", "nudge_id"):
        _optional_text(body, name)
    _lines(body)
    return {"order_id": _identifier(body, "order_id")} | _amount(body)


def _deciding(body: dict[str, object]) -> dict[str, object]:
    _optional_text(body, "reason")
    return {"order_id": _identifier(body, "order_id")}


def _refunded(body: dict[str, object]) -> dict[str, object]:
    ids = {"refund_id": _identifier(body, "refund_id"), "order_id": _identifier(body, "order_id")}
    return ids | _amount(body)


def _returned(body: dict[str, object]) -> dict[str, object]:
    _optional_text(body, "reason")
    _lines(body)
    return {"return_id": _identifier(body, "return_id"), "order_id": _identifier(body, "order_id")}


def _consent(body: dict[str, object]) -> dict[str, object]:
    if not isinstance(body.get("granted"), bool):
        raise RefusedError("invalid_field", "granted must be true or false")
    return {"granted": body["granted"], "channel": _optional_text(body, "channel")}


def _profile(body: dict[str, object]) -> dict[str, object]:
    _optional_text(body, "household_id")
    _optional_text(body, "country")
    zone = _optional_text(body, "time_zone")
    if zone is not None and zone not in TIME_ZONES:
        raise RefusedError("invalid_field", f"time_zone {zone!r} is unknown")
    return {"time_zone": zone}


def _assigned(body: dict[str, object]) -> dict[str, object]:
    if _optional_text(body, "reason") is None:
        raise RefusedError("invalid_field", "reason is missing")
    tier = _optional_text(body, "tier")
    return {"tier": tier, "until": _instant(body, "until")}


def _erased(_body: dict[str, object]) -> dict[str, object]:
    return {}


READERS: dict[str, Callable[[dict[str, object]], dict[str, object]]] = {
    "order.placed": _placed,
    "order.cancelled": _deciding,
    "order.reinstated": _deciding,
    "order.refunded": _refunded,
    "order.returned": _returned,
    "consent.changed": _consent,
    "profile.updated": _profile,
    "tier.assigned": _assigned,
    "customer.erased": _erased,
}


def _identifier(body: dict[str, object], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= 128 or not value.isprintable():
        raise RefusedError("invalid_field", f"{name} must be 1-128 printable characters")
    return value


def _instant(body: dict[str, object], name: str) -> int:
    value = body.get(name)
    if not isinstance(value, str) or not INSTANT.fullmatch(value):
        raise RefusedError("invalid_field", f"{name} must be RFC 3339 with an offset")
    try:
        return from_datetime(datetime.fromisoformat(value.upper()))
    except (ValueError, OverflowError) as error:
        raise RefusedError("invalid_field", f"{name}: {error}") from error


def _optional_text(body: dict[str, object], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise RefusedError("invalid_field", f"{name} must be text")
    return value


def _amount(body: dict[str, object]) -> dict[str, object]:
    currency = body.get("currency")
    if not isinstance(currency, str) or not CURRENCY.fullmatch(currency):
        raise RefusedError("invalid_field", "currency must be three capitals")
    return {"amount": _number(body.get("amount"), currency), "currency": currency}


def _number(value: object, currency: str) -> Decimal:
    written = isinstance(value, str) and DECIMAL.fullmatch(value)
    if isinstance(value, bool) or not (written or isinstance(value, int | Decimal)):
        raise RefusedError("invalid_field", "amount must be a decimal")
    try:
        amount = Decimal(str(value))
    except InvalidOperation as error:
        raise RefusedError("invalid_field", "amount must be a decimal") from error
    if abs(amount) > Decimal(AMOUNT_MINOR_MAX).scaleb(-minor_digits(currency)):
        raise RefusedError("invalid_field", "amount is too large")
    return amount


def _to_minor(amount: object, currency: str) -> int:
    assert isinstance(amount, Decimal)
    if amount < 0:
        raise RefusedError("negative_amount", str(amount))
    minor = Fraction(amount) * int("1" + "0" * minor_digits(currency))
    if minor.denominator != 1:
        raise RefusedError("amount_precision", f"{amount} {currency}")
    return minor.numerator


def _lines(body: dict[str, object]) -> None:
    lines = body.get("lines")
    if lines is None:
        return
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        raise RefusedError("invalid_field", "lines must be a list of objects")
    for line in lines:
        if _optional_text(line, "sku") is None or _optional_text(line, "category") is None:
            raise RefusedError("invalid_field", "a line needs sku and category")


def murmur2(data: bytes) -> int:
    """Return the hash of Kafka's default partitioner, made positive."""
    magic, mask = 0x5BD1E995, 0xFFFFFFFF
    result = 0x9747B28C ^ len(data)
    whole = len(data) // 4 * 4
    for index in range(0, whole, 4):
        part = int.from_bytes(data[index : index + 4], "little") * magic & mask
        part = (part ^ part >> 24) * magic & mask
        result = result * magic & mask ^ part
    if data[whole:]:
        result = (result ^ int.from_bytes(data[whole:], "little")) * magic & mask
    result = (result ^ result >> 13) * magic & mask
    return (result ^ result >> 15) & 0x7FFFFFFF
