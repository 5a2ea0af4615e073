"""Log files: one record a line, ``{"topic", "timestamp", "value"}`` with an optional ``key``, plain or ``.gz``.

``timestamp`` is Kafka's, in milliseconds since the epoch (-1: none), or an RFC 3339 instant. ``value`` is the event as
a JSON object; a string is taken as the raw text of the value, so that a log can hold what is not JSON; null is a
tombstone. A missing ``key`` means the ``customer_id`` of the value; null is Kafka's missing key.
"""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from schemas.instants import parse_instant
from schemas.record import LogRecord


class LogFileError(ValueError):
    """A line of a log file is not a record. The text names file, line and what is wrong."""


class _Line(msgspec.Struct):
    topic: str
    value: msgspec.Raw = msgspec.Raw(b"null")
    timestamp: int | str = -1
    key: str | msgspec.UnsetType | None = msgspec.UNSET


class _Keyed(msgspec.Struct):
    customer_id: str | None = None


_LINES = msgspec.json.Decoder(_Line)
_KEYED = msgspec.json.Decoder(_Keyed)
_TEXT = msgspec.json.Decoder(str)


def read_log(path: Path) -> Iterator[LogRecord]:
    """Yield the file's records in its order, each with its number within its topic as offset, in partition 0.

    Raises ``LogFileError`` at the first line that is no record, and ``OSError`` if the file cannot be read.
    """
    next_offsets: dict[str, int] = {}
    for number, line in numbered_lines(path):
        try:
            yield parse_record(line, next_offsets)
        except LogFileError as error:
            raise LogFileError(f"{path}, line {number}: {error}") from error


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield ``(line number, line)``, empty lines skipped; a torn .gz is a ``LogFileError``."""
    with _open(path, "rb") as lines:
        try:
            for number, line in enumerate(lines, start=1):
                if not line.isspace():
                    yield number, line
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise LogFileError(f"{path} is no complete .gz file: {error}") from error


def parse_record(line: bytes, next_offsets: dict[str, int] | None = None) -> LogRecord:
    """Return the record of one line; ``LogFileError`` says what is wrong with it."""
    try:
        return _record(line, {} if next_offsets is None else next_offsets)
    except (msgspec.MsgspecError, ValueError) as error:
        raise LogFileError(str(error)) from error


def write_log(path: Path, records: Iterable[LogRecord]) -> int:
    """Write the records and return how many; the file appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".unfinished.{path.name}")
    count = 0
    with _open(unfinished, "wb") as lines:
        for record in records:
            lines.write(_line(record))
            count += 1
    unfinished.replace(path)
    return count


def _record(line: bytes, next_offsets: dict[str, int]) -> LogRecord:
    parsed = _LINES.decode(line)
    raw = bytes(parsed.value)
    value: bytes | None = raw
    if raw == b"null":
        value = None
    elif raw.startswith(b'"'):
        value = _TEXT.decode(raw).encode()
    offset = next_offsets.get(parsed.topic, 0)
    next_offsets[parsed.topic] = offset + 1
    return LogRecord(parsed.topic, 0, offset, _timestamp_ms(parsed.timestamp), _key(parsed.key, value), value, ())


def _timestamp_ms(timestamp: int | str) -> int:
    return timestamp if isinstance(timestamp, int) else parse_instant(timestamp) // 1000


def _key(key: str | msgspec.UnsetType | None, value: bytes | None) -> bytes | None:
    if key is not msgspec.UNSET:
        return None if key is None else str(key).encode()
    try:
        customer_id = _KEYED.decode(value or b"").customer_id
    except msgspec.MsgspecError:
        return None
    return None if customer_id is None else customer_id.encode()


def _line(record: LogRecord) -> bytes:
    key = b"null" if record.key is None else msgspec.json.encode(record.key.decode())
    topic = msgspec.json.encode(record.topic)
    return b'{"topic":%b,"timestamp":%d,"key":%b,"value":%b}\n' % (
        topic, record.timestamp_ms, key, _json_value(record.value)
    )  # fmt: skip


def _json_value(value: bytes | None) -> bytes:
    if value is None:
        return b"null"
    return value if value.startswith(b"{") else msgspec.json.encode(value.decode(errors="replace"))


def _open(path: Path, mode: str) -> BinaryIO:
    if path.name.endswith(".gz"):
        return cast(BinaryIO, gzip.open(path, mode, compresslevel=1))
    return cast(BinaryIO, path.open(mode))
