"""From a record's bytes to an event, or to the reason why there is none.

``decode`` returns a struct of the shape in ``schemas.decoded``: ``event.type`` tells which. ``occurred_at`` and
``until`` are Instants (microseconds), ``amount`` is ``amount_minor`` (minor units of ``event.currency``, lines too).
They are converted once, in place, because the state needs them several times and in no other form.

The fast path is msgspec, on structs built from the pydantic models. What it refuses goes to pydantic, which has the
last word and finds the words. CloudEvents are accepted in structured mode (payload in ``data``) and in binary mode;
``type`` may stand in the envelope or in the header ``ce_type``, the body's own goes first.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from operator import attrgetter
from typing import Literal, NamedTuple, Protocol, TypeAlias, Union, cast

import msgspec
from pydantic import ValidationError

from schemas.decoded import Event, OrderLine
from schemas.events import MODELS, InputEvent
from schemas.instants import INSTANT_MAX, INSTANT_MIN, from_datetime
from schemas.money import AmountError, AmountPrecisionError, AmountRangeError, is_currency, to_minor
from schemas.record import Headers
from schemas.wire_structs import plan_of, struct_from_model, struct_of, tag_of
from schemas.words import first_error_in_words, shortened
from schemas.zones import is_time_zone

Reason: TypeAlias = Literal[
    "malformed_json",
    "unknown_type",
    "invalid_field",
    "negative_amount",
    "amount_precision",
    "currency_mismatch",
    "future_event",
    "key_mismatch",
    "wrong_partition",
    "too_large",
]
"""Why a record goes to the dead letters. The first five are decided here, the others where the record is admitted."""


class RejectedError(ValueError):
    """A record nobody can accept: it goes to the dead letters with ``reason`` and ``detail``."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.detail = detail


def decode(topic: str, value: bytes | None, headers: Headers = ()) -> Event:
    """Return the event that ``value`` holds; raises RejectedError."""
    try:
        event = _DECODERS[topic].decode(str(value, "utf-8"))  # type: ignore[arg-type]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, TypeError, ValueError):
        event = judge(topic, value, headers)
    return _finish(event)


def judge(topic: str, value: bytes | None, headers: Headers = ()) -> msgspec.Struct:
    """Return the unfinished struct of what pydantic accepts; raises RejectedError with its words."""
    body = _body(_json_object(value), headers)
    kind = body.get("type", _header(headers, "ce_type"))
    model = _MODELS[topic].get(kind) if isinstance(kind, str) else None
    if model is None:
        raise RejectedError("unknown_type", f"type: {topic} has no such event; one of {', '.join(_MODELS[topic])}")
    try:
        return struct_from_model(model.model_validate({**body, "type": kind}))
    except ValidationError as error:
        raise RejectedError("invalid_field", first_error_in_words(error)) from None


Finish: TypeAlias = Callable[[msgspec.Struct], None]


class _Finisher(NamedTuple):
    """What is left to do on a struct after decoding: ids to check, and all but ``occurred_at`` to convert."""

    ids: Callable[[msgspec.Struct], tuple[str, ...]]
    others: tuple[Finish, ...]


def _finisher(model: type[InputEvent]) -> _Finisher:
    plan = plan_of(model)
    others: list[Finish] = [partial(_convert_instant, name) for name in plan.instants if name != "occurred_at"]
    others += [partial(_check_zone, name) for name in plan.zones]
    if plan.has_amount:
        others.append(_convert_money_of_lines if plan.lines_have_amounts else _convert_money)
    # A second name makes attrgetter return a tuple for a single id as well.
    return _Finisher(attrgetter(*plan.printables, *plan.printables[:1]), tuple(others))


def _finish(struct: msgspec.Struct) -> Event:
    ids, others = _FINISHERS[type(struct)]
    if not "".join(ids(struct)).isprintable():
        raise RejectedError("invalid_field", "an id must be printable characters")
    _convert_instant("occurred_at", struct)
    for convert in others:
        convert(struct)
    # The one place where the structs, which only exist at run time, get their static shape.
    return cast(Event, struct)


def _convert_instant(name: str, struct: msgspec.Struct) -> None:
    at = from_datetime(getattr(struct, name))
    if not INSTANT_MIN <= at <= INSTANT_MAX:
        raise RejectedError("invalid_field", f"{name}: must be between the years 1900 and 9999")
    setattr(struct, name, at)


def _check_zone(name: str, struct: msgspec.Struct) -> None:
    zone = getattr(struct, name)
    if zone is not None and not is_time_zone(zone):
        raise RejectedError("invalid_field", f"{name}: {shortened(zone)} is not in the IANA time zone database")


class _WithAmount(Protocol):
    currency: str
    amount_minor: int
    lines: tuple[OrderLine, ...] | None


def _convert_money(struct: msgspec.Struct) -> None:
    order = cast(_WithAmount, struct)
    try:
        order.amount_minor = _at_least_zero(order.amount_minor, order.currency)
    except AmountError:
        raise _money_verdict([("amount", order.amount_minor)], order.currency) from None


def _convert_money_of_lines(struct: msgspec.Struct) -> None:
    order = cast(_WithAmount, struct)
    if not order.lines:
        return _convert_money(struct)
    try:
        order.amount_minor = _at_least_zero(order.amount_minor, order.currency)
        for line in order.lines:
            if line.amount_minor is not None:
                line.amount_minor = _at_least_zero(line.amount_minor, order.currency)
    except AmountError:
        of_lines = [(f"lines[{index}].amount", line.amount_minor) for index, line in enumerate(order.lines)]
        raise _money_verdict([("amount", order.amount_minor), *of_lines], order.currency) from None
    return None


def _at_least_zero(amount: Decimal | int, currency: str) -> int:
    minor = to_minor(cast(Decimal, amount), currency)
    if minor < 0:
        raise AmountRangeError("below 0")
    return minor


def _money_verdict(amounts: list[tuple[str, Decimal | int | None]], currency: str) -> RejectedError:
    """Return the first reason in the contract's order, of the first field it fits; an int is an amount that passed."""
    if not is_currency(currency):
        return RejectedError("invalid_field", f"currency: {shortened(currency)} must be an ISO 4217 code such as USD")
    left = {name: amount for name, amount in amounts if isinstance(amount, Decimal)}
    failures = {name: _failure(amount, currency) for name, amount in left.items()}
    for reason in ("invalid_field", "negative_amount", "amount_precision"):
        for name, failure in failures.items():
            if failure is not None and failure[0] == reason:
                return RejectedError(failure[0], f"{name}: {shortened(left[name])} {failure[1]}")
    raise AssertionError("called only when an amount failed")


def _failure(amount: Decimal, currency: str) -> tuple[Reason, str] | None:
    try:
        minor = to_minor(amount, currency)
    except AmountPrecisionError as error:
        below = amount < 0
        return ("negative_amount", "is below 0") if below else ("amount_precision", f"has {error}")
    except AmountError as error:
        return "invalid_field", f"is {error}"
    return ("negative_amount", "is below 0") if minor < 0 else None


def _json_object(value: bytes | None) -> dict[str, object]:
    if value is None:
        raise RejectedError("malformed_json", "the value is null")
    try:
        body = _ANY_JSON.decode(str(value, "utf-8"))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise RejectedError("malformed_json", _why_malformed(error)) from None
    if not isinstance(body, dict):
        raise RejectedError("malformed_json", "the value is not a JSON object")
    return body


def _why_malformed(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 (byte {error.start})"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _body(body: dict[str, object], headers: Headers) -> dict[str, object]:
    """Return the event's own fields, out of a CloudEvents envelope if the headers say that there is one."""
    if not (_header(headers, "content-type") or "").lower().startswith("application/cloudevents+json"):
        return body
    data = body.get("data")
    if not isinstance(data, dict):
        raise RejectedError("invalid_field", "data: a structured CloudEvent needs a JSON object here")
    return {"type": body["type"], **data} if "type" in body else data


def _header(headers: Headers, name: str) -> str | None:
    for key, value in headers:
        if key.lower() == name:
            return value.decode("utf-8", "replace")
    return None


_MODELS = {topic: {str(tag_of(model)): model for model in models} for topic, models in MODELS.items()}
_DECODERS: dict[str, msgspec.json.Decoder[msgspec.Struct]] = {
    topic: msgspec.json.Decoder(Union[tuple(struct_of(model) for model in models)])  # noqa: UP007
    for topic, models in MODELS.items()
}
_FINISHERS = {struct_of(model): _finisher(model) for models in MODELS.values() for model in models}
_ANY_JSON = msgspec.json.Decoder(float_hook=Decimal)
