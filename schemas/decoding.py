"""From a record's bytes to an event, or to the reason why there is none.

``decode`` returns a struct of the shape in ``schemas.decoded``: ``event.type`` tells which. ``occurred_at`` and
``until`` are Instants (microseconds), ``amount`` is ``amount_minor`` (minor units of ``event.currency``, lines too).
They are converted once, in place, because the state needs them several times and in no other form.

The fast path is msgspec, on structs built from the pydantic models. What it refuses goes to pydantic, which has the
last word and finds the words. CloudEvents are accepted in structured mode (payload in ``data``) and in binary mode;
``type`` may stand in the envelope or in the header ``ce_type``, the body's own goes first.
"""

import json
import re
from decimal import Decimal, InvalidOperation
from itertools import accumulate
from typing import Final, Union

import msgspec
from pydantic import ValidationError

from schemas.decoded import Event
from schemas.events import MODELS
from schemas.finishing import finish
from schemas.record import Headers
from schemas.rejection import Reason, RejectedError
from schemas.wire_structs import struct_from_model, struct_of, tag_of
from schemas.words import first_error_in_words

__all__ = ["NESTED_MAX", "Event", "Reason", "RejectedError", "decode", "judge"]

NESTED_MAX: Final = 300
"""So many brackets may be open at once. Where Python itself gives up depends on who calls, and a replay calls from
elsewhere."""


def decode(topic: str, value: bytes | None, headers: Headers = ()) -> Event:
    """Return the event that ``value`` holds; raises RejectedError."""
    if value is None:
        raise RejectedError("malformed_json", "the value is null")
    if len(value) > NESTED_MAX and _is_nested_too_deeply(value):
        raise RejectedError("malformed_json", f"nested more than {NESTED_MAX} deep")
    if headers and _is_enveloped(headers):
        return finish(judge(topic, value, headers))
    try:
        # msgspec does not look into unknown fields; a record that is not UTF-8 anywhere is malformed.
        struct = _DECODERS[topic].decode(value if value.isascii() else str(value, "utf-8"))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        struct = judge(topic, value, headers)
    return finish(struct)


def judge(topic: str, value: bytes, headers: Headers = ()) -> msgspec.Struct:
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


def _json_object(value: bytes) -> dict[str, object]:
    try:
        text = str(value, "utf-8")
        # What JSON is, msgspec says here as on the fast path; Python's own reader would let NaN and lone surrogates in.
        _SYNTAX.decode(text)
    except UnicodeDecodeError as error:
        raise RejectedError("malformed_json", f"not UTF-8 (byte {error.start})") from None
    except msgspec.MsgspecError as error:
        raise RejectedError("malformed_json", str(error)) from None
    # Unlike msgspec's, Python's reader leaves it to us what a number may be that no field knows.
    body = json.loads(text, parse_int=_number, parse_float=_number)
    if not isinstance(body, dict):
        raise RejectedError("malformed_json", "the value is not a JSON object")
    return body


def _number(text: str) -> int | Decimal:
    """Return the number exactly; infinity for one whose exponent even a Decimal cannot hold."""
    if len(text) < _DIGITS_OF_ANY_BOUND and text.lstrip("-").isdigit():
        return int(text)
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("Infinity")


def _is_nested_too_deeply(value: bytes) -> bool:
    if value.count(b"[") + value.count(b"{") <= NESTED_MAX:
        return False
    # So many brackets stand in a long order, too: what counts is how many are open at once, those in texts left out.
    brackets = _TEXTS.sub(b"", value).translate(None, _ALL_BUT_BRACKETS)
    open_now = accumulate(1 if bracket in b"[{" else -1 for bracket in brackets)
    return any(depth > NESTED_MAX for depth in open_now)


def _body(body: dict[str, object], headers: Headers) -> dict[str, object]:
    """Return the event's own fields, out of a CloudEvents envelope if the headers say that there is one."""
    if not _is_enveloped(headers):
        return body
    data = body.get("data")
    if not isinstance(data, dict):
        raise RejectedError("invalid_field", "data: a structured CloudEvent needs a JSON object here")
    return {"type": body["type"], **data} if "type" in body else data


def _is_enveloped(headers: Headers) -> bool:
    return (_header(headers, "content-type") or "").lower().startswith("application/cloudevents+json")


def _header(headers: Headers, name: str) -> str | None:
    for key, value in headers:
        if key.lower() == name and value is not None:
            return value.decode("utf-8", "replace")
    return None


_MODELS = {topic: {str(tag_of(model)): model for model in models} for topic, models in MODELS.items()}
_DECODERS: dict[str, msgspec.json.Decoder[msgspec.Struct]] = {
    topic: msgspec.json.Decoder(Union[tuple(struct_of(model) for model in models)])  # noqa: UP007
    for topic, models in MODELS.items()
}
_SYNTAX = msgspec.json.Decoder(msgspec.Raw)
_DIGITS_OF_ANY_BOUND: Final = 21
"""No integer with so many characters is within the bounds of any field."""
_TEXTS = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
