"""What the oracle calls JSON, and the numbers and instants in it. Standard library only."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from tests.oracle_rules import from_datetime

NESTED_MAX = 300
LONGEST_INTEGER = 4000
INTEGER = re.compile(r"-?\d+", re.ASCII)
INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d+))?([Zz]|[+-][01]\d:?[0-5]\d|[+-]2[0-3]:?[0-5]\d)", re.ASCII
)
FIRST_AT = from_datetime(datetime.fromisoformat("1900-01-01T00:00:00+00:00"))
LAST_AT = from_datetime(datetime.fromisoformat("9999-12-31T23:59:59.999999+00:00"))


class RefusedError(Exception):
    """A record that becomes a dead letter: a reason of CONTRACTS and words for people."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def read_json(value: bytes) -> object:
    """Return what the bytes say; ValueError where they are no JSON, or nested more than 300 deep."""
    text = value.decode("utf-8")
    if deepest(text) > NESTED_MAX:
        raise ValueError("nested too deeply")
    body: object = json.loads(
        text, object_pairs_hook=_object, parse_float=number, parse_int=number, parse_constant=_no_constant
    )
    _refuse_half_characters(body)
    return body


def deepest(text: str) -> int:
    """Return how many brackets are open at once, at most; those in texts do not count. 0 where it cannot matter."""
    if text.count("[") + text.count("{") <= NESTED_MAX:
        return 0
    deepest_yet = open_now = 0
    is_text = is_escaped = False
    for character in text:
        if is_text:
            is_text = is_escaped or character != '"'
            is_escaped = character == "\\" and not is_escaped
        elif character == '"':
            is_text = True
        elif character in "[{":
            open_now += 1
            deepest_yet = max(deepest_yet, open_now)
        elif character in "]}":
            open_now -= 1
    return deepest_yet


def number(written: str) -> int | Decimal:
    """Return the number; one that nothing can hold is infinite."""
    if INTEGER.fullmatch(written) and len(written) < LONGEST_INTEGER:
        return int(written)
    try:
        return Decimal(written)
    except InvalidOperation:
        return Decimal("Infinity")


def instant(written: object) -> int | None:
    """Return microseconds since 1970 of an instant with an offset; None for anything else, or outside 1900-9999."""
    match = INSTANT.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        return None
    date, time, fraction, offset = match.groups()
    offset = "+00:00" if offset in "Zz" else offset[:3] + ":" + offset[-2:]
    try:
        # A day and more on either side of what a datetime can hold is out of range anyhow.
        at = from_datetime(datetime.fromisoformat(f"{date}T{time}+00:00")) - _offset_us(offset)
    except ValueError:
        return None
    digits = (fraction or "").ljust(7, "0")
    at += int(digits[:6]) + (digits[6] >= "5")
    return at if FIRST_AT <= at <= LAST_AT else None


def _offset_us(offset: str) -> int:
    minutes = int(offset[1:3]) * 60 + int(offset[4:])
    return (-1 if offset[0] == "-" else 1) * (timedelta(minutes=minutes) // timedelta(microseconds=1))


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _object(members: list[tuple[str, object]]) -> dict[str, object]:
    # What stands before its double is forgotten, but it must be JSON.
    for name, value in members:
        _refuse_half_characters([name, value])
    return dict(members)


def _refuse_half_characters(body: object) -> None:
    """Refuse half of a surrogate pair wherever it stands: no UTF-8 can say it. Objects were looked at before."""
    left = [body]
    while left:
        one = left.pop()
        if isinstance(one, str):
            one.encode("utf-8")
        elif isinstance(one, list):
            left += one
