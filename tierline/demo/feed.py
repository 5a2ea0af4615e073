"""The feed: the year's records into Kafka, in order of time, at a chosen speed."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from aiokafka.structs import RecordMetadata

from schemas.record import LogRecord
from schemas.topics import ORDERS
from tierline.connections import kafka_options
from tierline.settings import Settings

SENT_AT_HEADER = "tl_sent_at"
"""Wall clock of the sending, in seconds as text: only for the latency metric, no decision reads it."""
BEAT_SECONDS = 0.01
IN_FLIGHT_MAX = 5_000


@dataclass(slots=True)
class FeedProgress:
    """How far the feed is; the progress bar reads it while the feed writes it."""

    total: int
    sent: int = 0
    orders: int = 0
    began_at: float = 0.0
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class Pace:
    """Which record is due after how many seconds; a duration of None is as fast as it goes."""

    first_ms: int
    span_ms: int
    duration_seconds: float | None

    @classmethod
    def over(cls, records: Sequence[LogRecord], duration_seconds: float | None) -> "Pace":
        """Return the pace at which all records take ``duration_seconds``, evenly in their own time."""
        first, last = records[0].timestamp_ms, records[-1].timestamp_ms
        return cls(first, max(1, last - first), duration_seconds)

    def due_ms(self, elapsed_seconds: float) -> int:
        """Return the time stamp up to which records are due."""
        if self.duration_seconds is None:
            return self.first_ms + self.span_ms
        return self.first_ms + int(self.span_ms * elapsed_seconds / self.duration_seconds)


async def feed(
    settings: Settings, records: Sequence[LogRecord], duration_seconds: float | None, progress: FeedProgress
) -> None:
    """Send the records with the time stamps of their events and return when all are acknowledged."""
    producer = AIOKafkaProducer(
        **kafka_options(settings), enable_idempotence=True, linger_ms=1, max_batch_size=128 * 1024
    )
    try:
        await producer.start()
        await _send_in_time(producer, settings.topic_prefix, records, Pace.over(records, duration_seconds), progress)
    finally:
        await producer.stop()
    progress.is_done = True


async def _send_in_time(
    producer: AIOKafkaProducer, prefix: str, records: Sequence[LogRecord], pace: Pace, progress: FeedProgress
) -> None:
    in_flight: deque[asyncio.Future[RecordMetadata]] = deque()
    topics = {topic: prefix + topic for topic in {record.topic for record in records}}
    progress.began_at = time.monotonic()
    due_ms = pace.due_ms(0)
    for record in records:
        while record.timestamp_ms > due_ms:
            await asyncio.sleep(BEAT_SECONDS)
            due_ms = pace.due_ms(time.monotonic() - progress.began_at)
        headers = [(SENT_AT_HEADER, f"{time.time():.6f}".encode())]
        sent = await producer.send(
            topics[record.topic], record.value, record.key, timestamp_ms=record.timestamp_ms, headers=headers
        )
        in_flight.append(sent)
        progress.sent += 1
        progress.orders += record.topic == ORDERS
        if len(in_flight) > IN_FLIGHT_MAX:
            await in_flight.popleft()
    await asyncio.gather(*in_flight)
