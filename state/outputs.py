"""Outputs as they wait in the outbox: topic, key, value and headers, ready to send."""

from collections.abc import Iterable

import msgspec

from schemas.instants import Instant, format_instant
from schemas.record import Headers, LogRecord
from schemas.topics import dead_letter_topic
from state.bodies import Message

VALUE_BYTES_MAX = 256 * 1024
TRUNCATED_BYTES = 64 * 1024
"""What is kept of a value that is too large, of a key, and of the headers, so that a dead letter is never too large for
its topic although it says more than its record did."""
_SPECVERSION = ("ce_specversion", b"1.0")
_SOURCE = ("ce_source", b"tierline")
_CONTENT_TYPE = ("content-type", b"application/json")


class Output(msgspec.Struct, array_like=True, frozen=True):
    """One record to publish."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


class DeadLetter(msgspec.Struct, frozen=True):
    """A record that nobody can accept, and why."""

    record: LogRecord
    reason: str
    detail: str


_encoder = msgspec.json.Encoder()


def output_of(message: Message, customer_id: str) -> Output:
    """Return ``message`` as a CloudEvent in binary mode, keyed by its customer."""
    key = customer_id.encode()
    headers: list[tuple[str, bytes | None]] = [
        _SPECVERSION,
        ("ce_id", message.id.encode()),
        ("ce_type", message.type.encode()),
        _SOURCE,
        ("ce_time", message.at.encode()),
        ("ce_subject", key),
        _CONTENT_TYPE,
    ]
    return Output(message.topic, key, _encoder.encode(message.body), headers)


def dead_letter_output(letter: DeadLetter, at: Instant) -> Output:
    """Return the dead letter: the original bytes and headers as far as they have room, and where and why it failed."""
    record = letter.record
    kept_headers = record.headers if _size_of(record.headers) <= TRUNCATED_BYTES else ()
    key = None if record.key is None else record.key[:TRUNCATED_BYTES]
    value = record.value
    if value is not None and len(value) > VALUE_BYTES_MAX:
        value = value[:TRUNCATED_BYTES]
    headers: list[tuple[str, bytes | None]] = [
        *kept_headers,
        ("tl_reason", letter.reason.encode()),
        ("tl_detail", letter.detail.encode()),
        ("tl_topic", record.topic.encode()),
        ("tl_partition", str(record.partition).encode()),
        ("tl_offset", str(record.offset).encode()),
        ("tl_at", format_instant(at).encode()),
    ]
    if (key, value, kept_headers) != (record.key, record.value, record.headers):
        headers.append(("tl_truncated", b"true"))
    if key is None and value is None:
        # Other producers may send a record of neither key nor value; ours refuses to.
        value = b""
    return Output(dead_letter_topic(record.topic), key, value, headers)


def text_of(headers: Iterable[tuple[str, bytes | None]], name: str) -> str:
    """Return what the header ``name`` says, the last one's where it stands twice (ours stand behind the original's)."""
    return next((value.decode() for key, value in reversed(list(headers)) if key == name and value is not None), "")


def _size_of(headers: Headers) -> int:
    return sum(len(name.encode()) + len(value or b"") for name, value in headers)
