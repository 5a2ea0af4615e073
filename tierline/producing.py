"""Sending events: every line checked by the contracts before it leaves, keyed by customer, murmur2 partitioner."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.structs import RecordMetadata

from replay.log_file import LogFileError, numbered_lines, parse_record
from schemas.decoding import RejectedError, decode
from schemas.instants import Instant, format_instant
from schemas.record import Headers, LogRecord
from schemas.topics import CONSENTS, INPUTS
from tierline.connections import kafka_options
from tierline.console import CommandError
from tierline.settings import Settings

IN_FLIGHT_MAX = 10_000
"""Records handed to the producer and not acknowledged: bounds the memory of a large file."""
METADATA_TIMEOUT_SECONDS = 15.0


class Outgoing(NamedTuple):
    """One record on its way; a time stamp of None is the moment of sending."""

    topic: str
    key: bytes | None
    value: bytes | None
    timestamp_ms: int | None
    headers: Headers = ()


class Rejection(NamedTuple):
    """A line that was not sent."""

    line: int
    reason: str
    detail: str


class _Typed(msgspec.Struct):
    type: str | None = None
    topic: str | None = None


_TYPED = msgspec.json.Decoder(_Typed)


def checked_lines(path: Path, timestamps: str, reject: Callable[[Rejection], None]) -> Iterator[Outgoing]:
    """Yield what may be sent and hand every other line to ``reject``; ``OSError`` if the file cannot be read."""
    for number, line in numbered_lines(path):
        try:
            yield _checked(line, timestamps)
        except RejectedError as error:
            reject(Rejection(number, error.reason, error.detail))
        except LogFileError as error:
            reject(Rejection(number, "malformed_json", str(error)))


async def send(settings: Settings, records: Iterable[Outgoing]) -> int:
    """Send the records in their order and return how many; each is acknowledged by all in-sync replicas."""
    producer = AIOKafkaProducer(
        **kafka_options(settings), enable_idempotence=True, linger_ms=5, max_batch_size=256 * 1024
    )
    try:
        await producer.start()
        await check_topics(producer, settings, INPUTS)
        return await _send_all(producer, settings.topic_prefix, records)
    finally:
        await producer.stop()


async def check_topics(producer: AIOKafkaProducer, settings: Settings, topics: Iterable[str]) -> None:
    """Raise ``CommandError`` for a topic that does not exist, instead of waiting for it."""
    for topic in topics:
        name = settings.topic_prefix + topic
        try:
            async with asyncio.timeout(METADATA_TIMEOUT_SECONDS):
                partitions = await producer.client.fetch_all_metadata()
        except TimeoutError as error:
            raise CommandError(f"Kafka at {settings.kafka} does not answer within 15 s.") from error
        if not partitions.partitions_for_topic(name):
            raise CommandError(f"Topic {name} does not exist. Create it: tierline topics create --inputs")


async def _send_all(producer: AIOKafkaProducer, prefix: str, records: Iterable[Outgoing]) -> int:
    in_flight: deque[asyncio.Future[RecordMetadata]] = deque()
    count = 0
    for record in records:
        timestamp_ms = int(time.time() * 1000) if record.timestamp_ms is None else record.timestamp_ms
        in_flight.append(
            await producer.send(
                prefix + record.topic, record.value, record.key, timestamp_ms=timestamp_ms, headers=list(record.headers)
            )
        )
        count += 1
        while len(in_flight) > IN_FLIGHT_MAX:
            await in_flight.popleft()
    for sent in in_flight:
        await sent
    return count


def erasure(customer_id: str, at: Instant) -> Outgoing:
    """Return the record that lets a customer be forgotten as of ``at``; ``RejectedError`` if the id is none."""
    event = {"type": "customer.erased", "customer_id": customer_id, "occurred_at": format_instant(at)}
    value = msgspec.json.encode(event)
    decode(CONSENTS, value)
    return Outgoing(CONSENTS, customer_id.encode(), value, at // 1000)


def _checked(line: bytes, timestamps: str) -> Outgoing:
    record = _record(line)
    if record.topic not in INPUTS:
        raise RejectedError("unknown_type", f"{record.topic} is not an input topic: {', '.join(INPUTS)}")
    event = decode(record.topic, record.value)
    key = event.customer_id.encode()
    if record.key != key:
        raise RejectedError("key_mismatch", "the key differs from customer_id")
    timestamp_ms = None if timestamps == "now" or record.timestamp_ms < 0 else record.timestamp_ms
    if timestamps == "event":
        timestamp_ms = event.occurred_at // 1000
    return Outgoing(record.topic, key, record.value or b"", timestamp_ms)


def _record(line: bytes) -> LogRecord:
    """Read a line of a log file, or a bare event: its type says which topic it belongs to."""
    try:
        typed = _TYPED.decode(line)
    except msgspec.MsgspecError as error:
        raise LogFileError(str(error)) from error
    if typed.topic is not None or typed.type is None:
        return parse_record(line)
    topic = _topic_of(typed.type)
    return parse_record(b'{"topic":%b,"value":%b}' % (msgspec.json.encode(topic), line.strip()))


def _topic_of(event_type: str) -> str:
    """Order events share a prefix; all others are facts about the customer, or unknown, as decoding will say."""
    orders, consents = INPUTS
    return orders if event_type.startswith("order.") else consents
