"""The baselines, each as a process of its own: `python -m bench.baseline JSON` prints its `Measured` as JSON.

`consume` reads the log and does nothing else. `raw` is the least that any state in Redis costs: read, decode the four
fields that matter, one packed MSET a batch with a blob for each of its customers, wait for the answer.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Literal
from urllib.parse import urlsplit

import hiredis
import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from streams.garbage import look_seldom
from streams.partition import RECORDS_A_ROUND

Kind = Literal["consume", "raw"]
Take = Callable[[Sequence[ConsumerRecord]], Awaitable[None]]


class Job(msgspec.Struct, frozen=True):
    """What to read, and until when."""

    kind: Kind
    kafka: str
    redis_url: str
    topics: list[str]
    partitions: int
    records: int


class Measured(msgspec.Struct, frozen=True):
    """What it took."""

    seconds: float
    cpu_seconds: float


class Seen(msgspec.Struct):
    """The fields of an event that the raw limit decodes, and the blob that it stores."""

    customer_id: str
    occurred_at: str
    order_id: str = ""
    amount: str = ""


async def measure(job: Job) -> Measured:
    """Read everything and return what that took, from the first fetch to the last answer."""
    async with _consumer(job.kafka) as consumer, _takes(job) as take:
        look_seldom()
        began_at, cpu_at = time.perf_counter(), time.process_time()
        consumer.assign([TopicPartition(topic, number) for topic in job.topics for number in range(job.partitions)])
        left = job.records
        while left:
            for records in (await consumer.getmany(timeout_ms=1000, max_records=RECORDS_A_ROUND)).values():
                left -= len(records)
                await take(records)
        return Measured(time.perf_counter() - began_at, time.process_time() - cpu_at)


@asynccontextmanager
async def _consumer(kafka: str) -> AsyncIterator[AIOKafkaConsumer]:
    """Yield a consumer with the worker's own options."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


@asynccontextmanager
async def _takes(job: Job) -> AsyncIterator[Take]:
    if job.kind == "consume":
        yield _ignore
        return
    address = urlsplit(job.redis_url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        yield _raw(reader, writer)
    finally:
        writer.close()


async def _ignore(records: Sequence[ConsumerRecord]) -> None:
    return


def _raw(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Take:
    decode, encode = msgspec.json.Decoder(Seen).decode, msgspec.json.Encoder().encode

    async def take(records: Sequence[ConsumerRecord]) -> None:
        latest = {seen.customer_id: seen for seen in [decode(record.value) for record in records]}
        command: list[bytes | str] = ["MSET"]
        for customer_id, seen in latest.items():
            command += ("raw:" + customer_id, encode(seen))
        writer.write(hiredis.pack_command(tuple(command)))  # type: ignore[arg-type]
        if await reader.readline() != b"+OK\r\n":
            raise OSError("the store refused an MSET")

    return take


if __name__ == "__main__":
    print(msgspec.json.encode(asyncio.run(measure(msgspec.json.decode(sys.argv[1], type=Job)))).decode())
