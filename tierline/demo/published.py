"""What a reader with ``read_committed`` finds on the output topics, counted by topic and type."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.topics import CHANGES, INPUTS, NUDGES, SUPPRESSIONS, dead_letter_topic
from tierline.connections import kafka_options
from tierline.console import CommandError
from tierline.settings import Settings

COUNTED = (NUDGES, SUPPRESSIONS, CHANGES, *map(dead_letter_topic, INPUTS))
READ_TIMEOUT_SECONDS = 60.0


async def count_published(settings: Settings) -> dict[str, Counter[str]]:
    """Return how many records of each ``ce_type`` each output topic holds, from its beginning to its end now."""
    consumer = AIOKafkaConsumer(
        **kafka_options(settings), isolation_level="read_committed", enable_auto_commit=False,
        auto_offset_reset="earliest",
    )  # fmt: skip
    try:
        await consumer.start()
        async with asyncio.timeout(READ_TIMEOUT_SECONDS):
            return await _count(consumer, settings)
    except TimeoutError as error:
        raise CommandError(f"The output topics could not be read within {READ_TIMEOUT_SECONDS:.0f} s.") from error
    finally:
        await consumer.stop()


async def _count(consumer: AIOKafkaConsumer, settings: Settings) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {topic: Counter() for topic in COUNTED}
    named = {settings.topic_prefix + topic: topic for topic in COUNTED}
    everything = [TopicPartition(name, p) for name in named for p in range(settings.partitions)]
    consumer.assign(everything)
    ends = await consumer.end_offsets(everything)
    # One at a time: `getmany` over several drains one first anyway.
    for partition in everything:
        consumer.pause(*everything)
        consumer.resume(partition)
        while await consumer.position(partition) < ends[partition]:
            for record in (await consumer.getmany(partition, timeout_ms=200)).get(partition, ()):
                counts[named[partition.topic]][_type(record.headers)] += 1
    return counts


def _type(headers: Sequence[tuple[str, bytes]]) -> str:
    return next((value.decode() for name, value in headers if name == "ce_type"), "dead letter")
