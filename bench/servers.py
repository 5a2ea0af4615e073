"""Embedded servers for a measurement, and records into them as fast as it goes."""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from aiokafka import AIOKafkaProducer
from aiokafka.structs import RecordMetadata
from pydantic import SecretStr

from schemas.record import LogRecord
from tierline.connections import kafka_options
from tierline.demo.servers import GROCERY_PROGRAM
from tierline.embedded import EmbeddedKafka, EmbeddedValkey
from tierline.settings import Settings

IN_FLIGHT_MAX = 10_000


@contextmanager
def served(partitions: int, folder: Path) -> Iterator[tuple[Settings, Mapping[str, int]]]:
    """Start both servers; yield the settings and the process ids."""
    base = Settings()
    kafka = EmbeddedKafka(folder / "kafka", cache=base.cache_folder.expanduser())
    valkey = EmbeddedValkey(folder / "valkey")
    try:
        with ThreadPoolExecutor() as pool:
            for started in [pool.submit(server.start) for server in (kafka, valkey)]:
                started.result()
        found = {
            "kafka": kafka.bootstrap,
            "redis": SecretStr(valkey.url),
            "program": GROCERY_PROGRAM,
            "clock": "log",
            "log_format": "text",
            "partitions": partitions,
        }
        yield base.model_copy(update=found), {"kafka": kafka.pid, "valkey": valkey.pid}
    finally:
        kafka.stop()
        valkey.stop()


async def produce(records: Iterable[LogRecord], settings: Settings) -> None:
    """Send every record to its partition."""
    producer = AIOKafkaProducer(
        **kafka_options(settings), enable_idempotence=True, linger_ms=5, max_batch_size=512 * 1024
    )
    await producer.start()
    in_flight: deque[asyncio.Future[RecordMetadata]] = deque()
    try:
        for record in records:
            sent = await producer.send(
                settings.topic_prefix + record.topic,
                record.value,
                record.key,
                record.partition,
                timestamp_ms=record.timestamp_ms,
            )
            in_flight.append(sent)
            if len(in_flight) > IN_FLIGHT_MAX:
                await in_flight.popleft()
        await asyncio.gather(*in_flight)
    finally:
        await producer.stop()
