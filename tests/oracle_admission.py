"""What the oracle lets in: one record's bytes become a fact, or a refusal with its reason. Standard library only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from zoneinfo import available_timezones

from tests.oracle_json import RefusedError, instant, read_json
from tests.oracle_money import money_of

ORDERS = "retail.orders.v1"
CONSENTS = "retail.consents.v1"
# A machine may have a file of that name beside the database.
TIME_ZONES = available_timezones() - {"localtime"}
VALUE_BYTES_MAX = 256 * 1024
QUANTITY_MAX = 10**9
TIMESTAMP_MS_END = 221_845_392_000_000  # 9000-01-01
Headers = Iterable[tuple[str, bytes | None]]

TYPES = {
    ORDERS: ("order.placed", "order.cancelled", "order.reinstated", "order.refunded", "order.returned"),
    CONSENTS: ("consent.changed", "profile.updated", "tier.assigned", "customer.erased"),
}


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


def parse(topic: str, value: bytes | None, headers: Headers = ()) -> Fact:
    """Return the fact in a value, in the order of checks up to amount_precision, or raise RefusedError."""
    body = _payload(_object(value), headers)
    kind = body.get("type", _header(headers, "ce_type"))
    if not isinstance(kind, str) or kind not in TYPES[topic]:
        raise RefusedError("unknown_type", f"{kind!r} on {topic}")
    fields: dict[str, object] = {
        "type": kind,
        "customer_id": _identifier(body, "customer_id"),
        "occurred_at": _instant(body, "occurred_at"),
    }
    fields |= READERS[kind](body)
    return Fact(**fields)  # type: ignore[arg-type]


def _object(value: bytes | None) -> dict[str, object]:
    if value is None:
        raise RefusedError("malformed_json", "null value")
    if len(value) > VALUE_BYTES_MAX:
        raise RefusedError("too_large", f"{len(value)} bytes")
    try:
        body = read_json(value)
    except ValueError as error:
        raise RefusedError("malformed_json", str(error)) from error
    if not isinstance(body, dict):
        raise RefusedError("malformed_json", "not an object")
    return body


def _payload(body: dict[str, object], headers: Headers) -> dict[str, object]:
    """Return the event's fields: those of `data` where the headers say that this is a structured CloudEvent."""
    if not (_header(headers, "content-type") or "").lower().startswith("application/cloudevents+json"):
        return body
    data = body.get("data")
    if not isinstance(data, dict):
        raise RefusedError("invalid_field", "data must be an object")
    return {"type": body["type"], **data} if "type" in body else data


def _header(headers: Headers, name: str) -> str | None:
    said = [value for key, value in headers if key.lower() == name and value is not None]
    return said[0].decode("utf-8", "replace") if said else None


def _placed(body: dict[str, object]) -> dict[str, object]:
    _label(body, "channel")
    _label(body, "region")
    _note(body, "coupon")
    _note(body, "nudge_id")
    lines = _lines(body)
    given = [body.get("amount"), *(line["amount"] for line in lines if line.get("amount") is not None)]
    return {"order_id": _identifier(body, "order_id")} | money_of(body, given)


def _deciding(body: dict[str, object]) -> dict[str, object]:
    _note(body, "reason")
    return {"order_id": _identifier(body, "order_id")}


def _refunded(body: dict[str, object]) -> dict[str, object]:
    ids = {"refund_id": _identifier(body, "refund_id"), "order_id": _identifier(body, "order_id")}
    return ids | money_of(body, [body.get("amount")])


def _returned(body: dict[str, object]) -> dict[str, object]:
    _note(body, "reason")
    _lines(body)
    return {"return_id": _identifier(body, "return_id"), "order_id": _identifier(body, "order_id")}


def _consent(body: dict[str, object]) -> dict[str, object]:
    if not isinstance(body.get("granted"), bool):
        raise RefusedError("invalid_field", "granted must be true or false")
    return {"granted": body["granted"], "channel": _label(body, "channel")}


def _profile(body: dict[str, object]) -> dict[str, object]:
    _label(body, "household_id")
    _label(body, "country")
    zone = _label(body, "time_zone")
    if zone is not None and zone not in TIME_ZONES:
        raise RefusedError("invalid_field", f"time_zone {zone!r} is unknown")
    return {"time_zone": zone}


def _assigned(body: dict[str, object]) -> dict[str, object]:
    if _note(body, "reason") is None:
        raise RefusedError("invalid_field", "reason is missing")
    tier = _label(body, "tier")
    if tier is None:
        raise RefusedError("invalid_field", "tier is missing")
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
    at = instant(body.get(name))
    if at is None:
        raise RefusedError("invalid_field", f"{name} must be RFC 3339 with an offset, from 1900 to 9999")
    return at


def _label(body: dict[str, object], name: str) -> str | None:
    return _text(body, name, 1, 256)


def _note(body: dict[str, object], name: str) -> str | None:
    return _text(body, name, 0, 1024)


def _text(body: dict[str, object], name: str, shortest: int, longest: int) -> str | None:
    value = body.get(name)
    if value is not None and not (isinstance(value, str) and shortest <= len(value) <= longest):
        raise RefusedError("invalid_field", f"{name} must be text of {shortest} to {longest} characters")
    return value


def _lines(body: dict[str, object]) -> list[dict[str, object]]:
    lines = body.get("lines")
    if lines is None:
        return []
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        raise RefusedError("invalid_field", "lines must be a list of objects")
    for line in lines:
        _label(line, "category")
        if _label(line, "sku") is None:
            raise RefusedError("invalid_field", "a line needs a sku")
        quantity = line.get("quantity", 1)
        if type(quantity) is not int or not 0 <= quantity <= QUANTITY_MAX:
            raise RefusedError("invalid_field", "a quantity must be an integer from 0 to 10^9")
    return lines


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
