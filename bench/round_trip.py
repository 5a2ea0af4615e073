"""The bare Kafka round trip, as a process of its own: `python -m bench.round_trip JSON` prints waits as JSON.

The least that "visible" can wait for: an order is sent, and a `read_committed` consumer has it. Waits are from the
stamp of the sending, in milliseconds, rising.
"""

import asyncio
import sys
import time

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from tierline.demo.feed import SENT_AT_HEADER


class RoundTrip(msgspec.Struct, frozen=True):
    """What to read, and how many records."""

    kafka: str
    topic: str
    partitions: int
    records: int


async def waits_ms(job: RoundTrip) -> list[float]:
    """Read so many records from the end of the topic on; prints `ready` when none can be missed."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=job.kafka, enable_auto_commit=False, isolation_level="read_committed"
    )
    await consumer.start()
    try:
        places = [TopicPartition(job.topic, number) for number in range(job.partitions)]
        consumer.assign(places)
        await consumer.seek_to_end(*places)
        print("ready", flush=True)
        waits: list[float] = []
        while len(waits) < job.records:
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                now = time.time()
                waits += [1000 * (now - float(dict(record.headers)[SENT_AT_HEADER])) for record in records]
        return sorted(waits)
    finally:
        await consumer.stop()


if __name__ == "__main__":
    print(msgspec.json.encode(asyncio.run(waits_ms(msgspec.json.decode(sys.argv[1], type=RoundTrip)))).decode())
