"""The kinds of field that events are made of, each read the same way by pydantic and by the fast decoder."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from schemas.instants import INSTANT_MAX, INSTANT_MIN, from_datetime, read_datetime
from schemas.money import is_currency

_DECIMAL = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


class Printable:
    """Marks a text whose every character must be printable; the fast decoder looks for the mark."""


def _all_printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be printable characters")
    return text


def _read_instant(given: object) -> datetime:
    if not isinstance(given, str):
        raise ValueError("must be text such as 2026-01-31T12:00:00Z")
    try:
        moment = read_datetime(given)
    except ValueError:
        raise ValueError("must be RFC 3339 with an offset, such as 2026-01-31T12:00:00Z") from None
    if not INSTANT_MIN <= from_datetime(moment) <= INSTANT_MAX:
        raise ValueError("must be between the years 1900 and 9999")
    return moment


def read_amount(given: object) -> Decimal:
    """Return the amount that a decimal string or a JSON number holds, exactly; ValueError for anything else."""
    if isinstance(given, str) and _DECIMAL.fullmatch(given):
        return Decimal(given)
    if isinstance(given, int | Decimal) and not isinstance(given, bool):
        return Decimal(given)
    raise ValueError('must be a decimal string such as "12.50", or a number')


def _known_currency(code: str) -> str:
    if not is_currency(code):
        raise ValueError("must be an ISO 4217 code such as USD")
    return code


Id = Annotated[str, Field(strict=True, min_length=1, max_length=128), AfterValidator(_all_printable), Printable()]
"""1-128 printable characters."""
Label = Annotated[str, Field(strict=True, min_length=1, max_length=256)]
"""A short name that the shop gave to something."""
Note = Annotated[str, Field(strict=True, max_length=1024)]
"""Words for people."""
Quantity = Annotated[int, Field(strict=True, ge=0, le=10**9)]
Flag = Annotated[bool, Field(strict=True)]
Currency = Annotated[
    str,
    Field(strict=True, min_length=3, max_length=3),
    AfterValidator(_known_currency),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217"}),
]
Moment = Annotated[
    datetime,
    PlainValidator(_read_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "description": "RFC 3339 with an offset"}),
]
Amount = Annotated[
    Decimal,
    PlainValidator(read_amount),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string", "pattern": r"^\d+(\.\d+)?$"}, {"type": "number", "minimum": 0}],
            "description": "A decimal string; a number is accepted when it is exact in the currency's minor unit",
        }
    ),
]
"""Not below 0, no more digits than the currency's minor unit: what reads the currency checks that."""
