"""What a reader with ``read_committed`` finds on the output topics, counted by topic and type."""

import asyncio
from collections import Counter

from schemas.topics import CHANGES, INPUTS, MODELS, NUDGES, SUPPRESSIONS, dead_letter_topic
from state.outputs import text_of
from streams.topic_reader import read_topics
from tierline.connections import kafka_options
from tierline.console import CommandError
from tierline.settings import Settings

COUNTED = (NUDGES, SUPPRESSIONS, CHANGES, *map(dead_letter_topic, INPUTS))
_ONE_PARTITION = (MODELS,)
READ_TIMEOUT_SECONDS = 60.0


async def count_published(settings: Settings) -> dict[str, Counter[str]]:
    """Return how many records of each ``ce_type`` each output topic holds, from its beginning to its end now."""
    counts: dict[str, Counter[str]] = {topic: Counter() for topic in (*COUNTED, *_ONE_PARTITION)}
    try:
        async with asyncio.timeout(READ_TIMEOUT_SECONDS):
            for topics, partitions in ((COUNTED, settings.partitions), (_ONE_PARTITION, 1)):
                names = [settings.topic_prefix + topic for topic in topics]
                async for record in read_topics(kafka_options(settings), names, partitions):
                    counts[record.topic.removeprefix(settings.topic_prefix)][text_of(record.headers, "ce_type")] += 1
    except TimeoutError as error:
        raise CommandError(f"The output topics could not be read within {READ_TIMEOUT_SECONDS:.0f} s.") from error
    return counts


async def newest_model(settings: Settings) -> int:
    """Return the version of the newest published model, -1 where there is none yet."""
    newest = -1
    async for record in read_topics(kafka_options(settings), [settings.topic_prefix + MODELS], 1):
        newest = record.offset
    return newest
