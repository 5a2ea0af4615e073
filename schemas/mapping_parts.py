"""The parts of a mapping file: where a value comes from, and how files, instants and amounts are written."""

import re
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from schemas.fields import Currency
from schemas.zones import known_zone

SPECIAL_TIMES = ("rfc3339", "epoch_seconds", "epoch_milliseconds")
"""Time formats beside those of strptime; all of them bring their own offset."""


def _regex(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"write a regular expression of Python: {error}") from None
    return pattern


def _time_format(form: str) -> str:
    if form in SPECIAL_TIMES:
        return form
    try:
        if "%" not in form:
            raise ValueError
        datetime.strptime(datetime(2011, 12, 13, 14, 15, 16).strftime(form), form)  # noqa: DTZ001, DTZ007
    except ValueError:
        raise ValueError(f"write {', '.join(SPECIAL_TIMES)} or a strptime format such as %Y-%m-%d %H:%M:%S") from None
    return form


def _as_mapping(given: object) -> object:
    return {"field": given} if isinstance(given, str) else given


def as_list(given: object) -> object:
    """Return a bare word as a list of it."""
    return [given] if isinstance(given, str) else given


Regex = Annotated[str, Field(strict=True), AfterValidator(_regex)]
Text = Annotated[str, Field(strict=True, min_length=1)]
OneCharacter = Annotated[str, Field(strict=True, min_length=1, max_length=1)]


class Part(BaseModel):
    """What every part has: unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class ValueFrom(Part):
    """Where one of our values comes from. A bare name is short for ``{field: NAME}``."""

    field: Text | None = None
    """Their column, or the dotted path in their JSON."""
    constant: Text | None = None
    """The same value for every row."""
    pattern: Regex | None = None
    """Must fit the whole text; the first group, if there is one, is what is taken."""
    values: dict[str, str] | None = None
    """Their words to ours; a word that is not listed stays as it is."""
    prefix: str = ""
    default: Text | None = None
    """Taken where theirs is empty."""

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.field is None) == (self.constant is None):
            raise ValueError("give either field or constant, e.g. {field: InvoiceNo}")
        return self


Value = Annotated[ValueFrom, BeforeValidator(_as_mapping)]
OptionalValue = Annotated[ValueFrom | None, BeforeValidator(_as_mapping)]


class Source(Part):
    """What the file looks like. A byte-order mark is taken off, and ``.gz`` is opened, without being asked."""

    format: Literal["csv", "jsonl"] = "csv"
    encoding: Text = "utf-8"
    delimiter: OneCharacter = ","
    quote: OneCharacter = '"'

    @model_validator(mode="after")
    def _encoding_is_known(self) -> Self:
        try:
            "".encode(self.encoding)
        except LookupError:
            raise ValueError(f"encoding {self.encoding} is unknown; give one of Python's such as utf-8") from None
        return self


class Time(Part):
    """How their instants are written."""

    formats: Annotated[tuple[Annotated[Text, AfterValidator(_time_format)], ...], BeforeValidator(as_list)] = (
        "rfc3339",
    )
    """Tried in this order."""
    zone: Annotated[Text, AfterValidator(known_zone)] | None = None
    """Where their clocks hang; needed unless every format brings its offset."""

    @model_validator(mode="after")
    def _naive_times_have_a_zone(self) -> Self:
        naive = [form for form in self.formats if form not in SPECIAL_TIMES and "%z" not in form]
        if naive and self.zone is None:
            raise ValueError(f"{naive[0]} has no offset; say where it is meant, e.g. zone: Europe/London")
        return self


class Money(Part):
    """How their amounts are written."""

    currency: Currency | None = None
    """The one currency of the file; else ``fields.currency`` says where each row's stands."""
    decimal: OneCharacter = "."
    thousands: OneCharacter | None = None
    strip: str = ""
    """Characters to ignore, such as a currency's sign."""
    rounding: Literal["exact", "half_even"] = "exact"
    """exact rejects an amount with digits below the minor unit; half_even rounds each line."""

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands are the same character")
        return self
