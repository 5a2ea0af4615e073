"""What msgspec and pydantic leave open: printable ids, known zones, instants and money in our own units."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache, partial
from operator import attrgetter
from typing import Final, NamedTuple, Protocol, TypeAlias, cast

import msgspec

from schemas.decoded import Event, OrderLine
from schemas.events import MODELS, InputEvent
from schemas.fields import read_amount
from schemas.instants import INSTANT_MAX, INSTANT_MIN, Instant, from_datetime
from schemas.money import AmountError, AmountPrecisionError, AmountRangeError, is_currency, to_minor
from schemas.rejection import Reason, RejectedError
from schemas.wire_structs import plan_of, struct_of
from schemas.words import shortened
from schemas.zones import is_time_zone


def finish(struct: msgspec.Struct) -> Event:
    """Return ``struct`` as an event, converted in place; raises RejectedError."""
    ids, others = _FINISHERS[type(struct)]
    if not "".join(ids(struct)).isprintable():
        raise RejectedError("invalid_field", "an id must be printable characters")
    # The one place where the structs, which only exist at run time, get their static shape.
    event: Event = struct  # type: ignore[assignment]
    event.occurred_at = _in_range("occurred_at", event.occurred_at)
    for convert in others:
        convert(event)
    return event


_Convert: TypeAlias = Callable[[Event], None]


class _Finisher(NamedTuple):
    """What is left to do on a struct after decoding: ids to check, and all but ``occurred_at`` to convert."""

    ids: Callable[[msgspec.Struct], tuple[str, ...]]
    others: tuple[_Convert, ...]


def _finisher(model: type[InputEvent]) -> _Finisher:
    plan = plan_of(model)
    others: list[_Convert] = [partial(_convert_instant, name) for name in plan.instants if name != "occurred_at"]
    others += [partial(_check_zone, name) for name in plan.zones]
    if plan.has_amount:
        others.append(cast(_Convert, _convert_amounts if plan.lines_have_amounts else _convert_amount))
    # A second name makes attrgetter return a tuple for a single id as well.
    ids = plan.printables if len(plan.printables) > 1 else plan.printables * 2
    return _Finisher(attrgetter(*ids), tuple(others))


def _in_range(name: str, given: datetime | Instant) -> Instant:
    at = from_datetime(given)  # type: ignore[arg-type]  # until here it is a datetime
    if INSTANT_MIN <= at <= INSTANT_MAX:
        return at
    raise RejectedError("invalid_field", f"{name}: must be between the years 1900 and 9999")


def _convert_instant(name: str, event: Event) -> None:
    setattr(event, name, _in_range(name, getattr(event, name)))


def _check_zone(name: str, event: Event) -> None:
    zone = getattr(event, name)
    if zone is not None and not is_time_zone(zone):
        raise RejectedError("invalid_field", f"{name}: {shortened(zone)} is not in the IANA time zone database")


class _WithAmount(Protocol):
    currency: str
    amount_minor: int


class _WithLines(_WithAmount, Protocol):
    lines: tuple[OrderLine, ...] | None


def _convert_amount(order: _WithAmount) -> None:
    given = order.amount_minor
    try:
        order.amount_minor = _prices_in(order.currency)[given]
    except ValueError:
        raise _verdict({"amount": given}, order.currency) from None


def _convert_amounts(order: _WithLines) -> None:
    lines, currency = order.lines or (), order.currency
    amount, done = order.amount_minor, 0
    prices = _prices_in(currency)
    try:
        order.amount_minor = prices[amount]
        for line in lines:
            if line.amount_minor is not None:
                line.amount_minor = prices[line.amount_minor]
            done += 1
    except ValueError:
        # What was converted was right; the first thing wrong is the order's amount or one of the other lines.
        left = {f"lines[{index}].amount": line.amount_minor for index, line in enumerate(lines) if index >= done}
        given = {"amount": amount, **{name: held for name, held in left.items() if held is not None}}
        raise _verdict(given, currency) from None


class _Prices(dict[object, int]):
    """Amounts of one currency as they were given, and what they are in minor units.

    Prices repeat, and a hit is twenty times faster than reading and scaling a decimal. Raises `ValueError` for what is
    no amount; that is not remembered.
    """

    def __init__(self, currency: str) -> None:
        super().__init__()
        self._currency = currency

    def __missing__(self, given: object) -> int:
        minor = to_minor(read_amount(given), self._currency)
        if minor < 0:
            raise AmountRangeError("below 0")
        # A price may be written with as many zeros as a record can hold; what is remembered must be small.
        if not isinstance(given, str) or len(given) <= _PRICE_CHARACTERS:
            if len(self) >= _PRICES_MAX:
                self.clear()
            self[given] = minor
        return minor


_PRICE_CHARACTERS: Final = 32
_PRICES_MAX: Final = 2**15
_prices_in = lru_cache(maxsize=64)(_Prices)


def _verdict(given: Mapping[str, object], currency: str) -> RejectedError:
    """Return the first reason in the contract's order, of the first field it fits."""
    if not is_currency(currency):
        return RejectedError("invalid_field", f"currency: {shortened(currency)} must be an ISO 4217 code such as USD")
    failures = {name: _failure(amount, currency) for name, amount in given.items()}
    for reason in ("invalid_field", "negative_amount", "amount_precision"):
        for name, failure in failures.items():
            if failure is not None and failure[0] == reason:
                return RejectedError(failure[0], f"{name}: {shortened(given[name])} {failure[1]}")
    raise AssertionError("called only when an amount failed")


def _failure(given: object, currency: str) -> tuple[Reason, str] | None:
    try:
        amount = read_amount(given)
        minor = to_minor(amount, currency)
    except AmountPrecisionError as error:
        return ("negative_amount", "is below 0") if amount < 0 else ("amount_precision", f"has {error}")
    except AmountError as error:
        return "invalid_field", f"is {error}"
    except ValueError as error:
        return "invalid_field", str(error)
    return ("negative_amount", "is below 0") if minor < 0 else None


_FINISHERS = {struct_of(model): _finisher(model) for models in MODELS.values() for model in models}
