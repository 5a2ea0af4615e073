"""One value of a row: text, number, instant. Each raises ``RowError`` with the reason of the row's rejection."""

import re
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation, Overflow
from functools import lru_cache
from zoneinfo import ZoneInfo

from replay.importing.refusal import RowError, RowReason
from replay.importing.rows import Cells
from schemas.instants import INSTANT_MAX, INSTANT_MIN, Instant, from_datetime, parse_instant
from schemas.mapping_parts import Money, Time, ValueFrom
from schemas.money import AmountPrecisionError, UnknownCurrencyError, minor_digits, to_minor
from schemas.words import shortened

_DIGITS_MAX = 100
_EXACT = Context(prec=_DIGITS_MAX, traps=[Inexact, InvalidOperation, Overflow])
_MISSING: dict[str, RowReason] = {"customer_id": "missing_customer_id", "order_id": "missing_order_id"}


def found(cells: Cells, name: str) -> object:
    """Return what stands in that column or under that dotted path, None if nothing does."""
    if name in cells:
        return cells[name]
    inside: object = cells
    for step in name.split("."):
        inside = inside.get(step) if isinstance(inside, dict) else None
    return inside


def text_of(cells: Cells, name: str) -> str:
    """Return it as text, empty if nothing stands there."""
    value = found(cells, name)
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return _digits(Decimal(value), name)
    raise RowError("invalid_field", f"{name}: a list or an object stands where one value should")


def times(price: Decimal, pieces: int, ours: str) -> Decimal:
    """Return the product, exactly."""
    try:
        return _EXACT.multiply(price, Decimal(pieces))
    except ArithmeticError:
        raise RowError("invalid_number", f"{ours}: too large, or too many digits") from None


def optional_text(cells: Cells, source: ValueFrom | None) -> str | None:
    """Return the mapped text, None where there is none."""
    if source is None:
        return None
    text = source.constant if source.field is None else text_of(cells, source.field) or source.default
    if text is None:
        return None
    if source.pattern is not None:
        text = _taken(text, source.pattern, source.field)
    if source.values is not None:
        text = source.values.get(text, text)
    return source.prefix + text


def needed_text(cells: Cells, source: ValueFrom | None, ours: str) -> str:
    """Return the mapped text of our field ``ours``."""
    text = optional_text(cells, source)
    if text is None:
        column = "" if source is None else source.field
        raise RowError(_MISSING.get(ours, "missing_value"), f"{ours}: {column} is empty")
    return text


class Reader:
    """Reads numbers and instants as one mapping says that they are written."""

    def __init__(self, money: Money, time: Time) -> None:
        self._money = money
        self._time = time
        self._zone = UTC if time.zone is None else ZoneInfo(time.zone)
        self._number = _number_pattern(money)
        self.decimal = lru_cache(maxsize=4096)(self._decimal)
        self.instant = lru_cache(maxsize=4096)(self._instant)

    def number(self, cells: Cells, source: ValueFrom | None, ours: str) -> Decimal:
        """Return the number of our field ``ours``, exactly; one of JSON needs no marks."""
        if source is not None and source.field is not None:
            value = found(cells, source.field)
            if isinstance(value, int | Decimal) and not isinstance(value, bool):
                return Decimal(value)
        return self.decimal(needed_text(cells, source, ours), ours)

    def minor(self, amount: Decimal, currency: str, ours: str) -> int:
        """Return an amount in minor units, rounded only if the mapping says so."""
        try:
            if self._money.rounding == "half_even":
                amount = amount.quantize(Decimal(1).scaleb(-minor_digits(currency)), ROUND_HALF_EVEN)
            return to_minor(amount, currency)
        except AmountPrecisionError as error:
            detail = f"{ours}: {amount} has {error}; `rounding: half_even` in the mapping would round it"
            raise RowError("amount_precision", detail) from None
        except UnknownCurrencyError as error:
            raise RowError("invalid_field", f"currency: {shortened(currency)} is {error}") from None
        except (ValueError, InvalidOperation):
            raise RowError("invalid_number", f"{ours}: too large") from None

    def _decimal(self, text: str, ours: str) -> Decimal:
        kept = "".join(character for character in text if character not in self._money.strip).strip()
        if not self._number.fullmatch(kept):
            raise RowError("invalid_number", f"{ours}: {shortened(text)} is no number as the mapping's money writes it")
        return Decimal(kept.replace(self._money.thousands or "", "").replace(self._money.decimal, "."))

    def _instant(self, text: str, ours: str) -> Instant:
        for form in self._time.formats:
            at = self._read(text, form)
            if at is not None and INSTANT_MIN <= at <= INSTANT_MAX:
                return at
        formats = " or ".join(self._time.formats)
        raise RowError("invalid_time", f"{ours}: {shortened(text)} is no time as {formats} between 1900 and 9999")

    def _read(self, text: str, form: str) -> Instant | None:
        try:
            if form == "rfc3339":
                return parse_instant(text)
            if form in ("epoch_seconds", "epoch_milliseconds"):
                return int(_digits_at_most(Decimal(text)) * (1_000_000 if form == "epoch_seconds" else 1_000))
            moment = datetime.strptime(text, form)  # noqa: DTZ007
        except (ValueError, ArithmeticError):
            return None
        return from_datetime(moment) if moment.tzinfo is not None else self._placed(moment)

    def _placed(self, moment: datetime) -> Instant | None:
        """Return the instant of a local time: of two the earlier, and none where clocks skipped it."""
        try:
            aware = moment.replace(tzinfo=self._zone)
            there_and_back = aware.astimezone(UTC).astimezone(self._zone).replace(tzinfo=None)
        except OverflowError:
            return None
        return from_datetime(aware) if there_and_back == moment else None


def _digits(number: Decimal, name: str) -> str:
    try:
        return format(_digits_at_most(number), "f")
    except ValueError as error:
        raise RowError("invalid_number", f"{name}: {error}") from None


def _digits_at_most(number: Decimal) -> Decimal:
    """Return the number; ValueError for one such as 1e999999, whose digits would fill the memory."""
    if not number.is_finite() or abs(number.adjusted()) > _DIGITS_MAX:
        raise ValueError("too large, or too many digits")
    return number


def _taken(text: str, pattern: str, column: str | None) -> str:
    fits = re.fullmatch(pattern, text)
    if fits is None:
        raise RowError("unexpected_pattern", f"{column}: {shortened(text)} does not fit {pattern}")
    return (fits[1] if fits.re.groups else text) or ""


def _number_pattern(money: Money) -> re.Pattern[str]:
    fraction = rf"(?:{re.escape(money.decimal)}\d+)?"
    whole = r"\d+"
    if money.thousands is not None:
        whole = rf"(?:\d+|\d{{1,3}}(?:{re.escape(money.thousands)}\d{{3}})+)"
    return re.compile(rf"[+-]?{whole}{fraction}", re.ASCII)
