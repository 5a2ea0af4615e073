"""Orders at an even rate, each stamped with the moment of its sending."""

import asyncio
import time
from collections.abc import Iterator
from random import Random

import msgspec
from aiokafka import AIOKafkaProducer

from bench.log import SYNTHETIC_FIRST_MS, synthetic_order
from schemas.record import LogRecord
from tierline.connections import kafka_options
from tierline.demo.feed import SENT_AT_HEADER
from tierline.settings import Settings
from tierline.wiring import partition_of


def newcomers(customers: int) -> Iterator[LogRecord]:
    """Yield one order of each customer."""
    chance = Random(1)
    for number in range(customers):
        yield synthetic_order(number, f"s-{number}", SYNTHETIC_FIRST_MS + number, chance)


def orders_of(customers: int, orders: int, first: int) -> Iterator[LogRecord]:
    """Yield orders of random customers among so many, numbered from ``first``."""
    chance = Random(first)
    for number in range(first, first + orders):
        yield synthetic_order(number, f"s-{chance.randrange(customers)}", SYNTHETIC_FIRST_MS + number, chance)


def placed(records: Iterator[LogRecord], partitions: int) -> Iterator[LogRecord]:
    """Yield them with the partition of their key; their offsets stay 0."""
    for record in records:
        yield msgspec.structs.replace(record, partition=partition_of(record.key or b"", partitions))


async def trickle(settings: Settings, topic: str, records: Iterator[LogRecord], a_second: int) -> None:
    """Send them evenly to ``topic``, until there are no more, and wait for the broker."""
    async with AIOKafkaProducer(**kafka_options(settings), linger_ms=0) as producer:
        began_at = time.monotonic()
        for sent, record in enumerate(records, start=1):
            stamp = [(SENT_AT_HEADER, b"%.6f" % time.time())]
            await producer.send(
                topic, record.value, record.key, record.partition, timestamp_ms=record.timestamp_ms, headers=stamp
            )
            ahead = sent / a_second - (time.monotonic() - began_at)
            if ahead > 0:
                await asyncio.sleep(ahead)
