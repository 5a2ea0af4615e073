"""Reading whole topics, as any consumer with ``read_committed`` would: from the beginning to the end as it is now."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import cast

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from schemas.record import LogRecord
from streams.header_names import read_leniently

FETCH_TIMEOUT_MS = 200


async def read_topics(options: Mapping[str, object], names: Sequence[str], partitions: int) -> AsyncIterator[LogRecord]:
    """Yield every record of the topics, partition by partition, by offset within each. Raises ``KafkaError``.

    A commit is done before its markers stand on every partition, so the end is that of what is written: it is waited
    for until a committed reader may see it.
    """
    everything = [TopicPartition(name, partition) for name in names for partition in range(partitions)]
    async with _consumer(options, "read_uncommitted") as writer_view:
        ends = await writer_view.end_offsets(everything)
    async with _consumer(options) as consumer:
        consumer.assign(everything)
        begins = await consumer.beginning_offsets(everything)
        consumer.pause(*everything)
        for partition in (one for one in everything if ends[one] > begins[one]):
            # One at a time: over several, `getmany` drains one first anyway.
            consumer.seek(partition, begins[partition])
            consumer.resume(partition)
            while await consumer.position(partition) < ends[partition]:
                for record in await _fetched(consumer, partition):
                    yield log_record(record)
            consumer.pause(partition)


async def read_one(options: Mapping[str, object], name: str, partition: int, offset: int) -> LogRecord | None:
    """Return one record, None if Kafka no longer has it. Raises ``KafkaError``."""
    async with _consumer(options) as consumer:
        where = TopicPartition(name, partition)
        consumer.assign([where])
        begin = (await consumer.beginning_offsets([where]))[where]
        end = (await consumer.end_offsets([where]))[where]
        if not begin <= offset < end:
            return None
        consumer.seek(where, offset)
        while await consumer.position(where) <= offset:
            for record in await _fetched(consumer, where, max_records=1):
                return log_record(record) if record.offset == offset else None
        return None


async def _fetched(
    consumer: AIOKafkaConsumer, partition: TopicPartition, max_records: int | None = None
) -> Sequence[ConsumerRecord]:
    try:
        found = await consumer.getmany(partition, timeout_ms=FETCH_TIMEOUT_MS, max_records=max_records)
    except UnicodeDecodeError:
        read_leniently()
        return ()
    return cast("Sequence[ConsumerRecord]", found.get(partition, ()))


def log_record(record: ConsumerRecord) -> LogRecord:
    """Return the record as we know it."""
    return LogRecord(
        record.topic,
        record.partition,
        record.offset,
        record.timestamp,
        record.key,
        record.value,
        tuple(record.headers),
    )


@asynccontextmanager
async def _consumer(
    options: Mapping[str, object], isolation_level: str = "read_committed"
) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        **options,
        isolation_level=isolation_level,
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()
