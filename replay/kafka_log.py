"""Kafka as a replay reads it: in bulk, committed records only, no consumer group, one consumer a topic partition."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Self

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from replay.errors import SilentKafkaError, TopicMissingError
from schemas.record import LogRecord
from schemas.topics import INPUTS, JOURNAL, MODELS

RECORDS_A_FETCH = 5_000
POLL_MS = 500
EMPTY_POLLS_MAX = 60
"""Half a minute without a record although there are more."""


class KafkaLog:
    """One partition number of the topics of one installation (a `PartitionLog`). An async context manager."""

    def __init__(self, options: Mapping[str, object], partition: int, prefix: str = "") -> None:
        self._options = options
        self._partition = partition
        self._prefix = prefix
        self._readers: dict[str, TopicReader] = {}
        self._snapshots: dict[int, bytes] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def read(self, topic: str, offset: int = 0) -> AsyncIterator[LogRecord]:
        """Yield the records from ``offset``, or where the topic begins if that is later, to where it ends now."""
        reader = await self._reader(topic)
        reader.seek(max(offset, await reader.first_offset()))
        await reader.look_for_end()
        while records := await reader.fetch(RECORDS_A_FETCH):
            for record in records:
                yield record

    async def seek(self, topic: str, offset: int) -> None:
        """Let the next `take` of this topic begin there."""
        (await self._reader(topic)).seek(offset)

    async def take(self, topic: str, count: int) -> Sequence[LogRecord]:
        """Return the next records, between one and ``count``; none only where the topic ends."""
        reader = await self._reader(topic)
        records = await reader.fetch(count)
        if not records:
            await reader.look_for_end()
            records = await reader.fetch(count)
        return records

    async def snapshot(self, version: int) -> bytes | None:
        """Return a model snapshot; the models topic has one partition, whichever this one is."""
        if version not in self._snapshots:
            reader = await self._reader(MODELS, partition=0)
            reader.seek(max([-1, *self._snapshots]) + 1 or await reader.first_offset())
            await reader.look_for_end()
            while records := await reader.fetch(RECORDS_A_FETCH):
                self._snapshots |= {record.offset: record.value or b"" for record in records}
        return self._snapshots.get(version)

    async def first_offset(self, topic: str) -> int:
        """Return where the topic begins now."""
        return await (await self._reader(topic)).first_offset()

    async def _reader(self, topic: str, partition: int | None = None) -> "TopicReader":
        if topic not in self._readers:
            place = TopicPartition(self._prefix + topic, self._partition if partition is None else partition)
            reader = TopicReader(self._options, topic, place)
            self._readers[topic] = await self._stack.enter_async_context(reader)
        return self._readers[topic]


class TopicReader:
    """Reads one partition of one topic up to an end that was looked for."""

    def __init__(self, options: Mapping[str, object], topic: str, place: TopicPartition) -> None:
        self._topic = topic
        self._place = place
        self._end = 0
        self._consumer = AIOKafkaConsumer(
            **options,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=8 * 1024 * 1024,
            fetch_max_wait_ms=100,
        )

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        self._consumer.assign([self._place])
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    def seek(self, offset: int) -> None:
        """Let the next fetch begin there."""
        self._consumer.seek(self._place, offset)

    async def first_offset(self) -> int:
        """Return where the topic begins now."""
        return int((await self._consumer.beginning_offsets([self._place]))[self._place])

    async def look_for_end(self) -> int:
        """Return the last stable offset, up to which `fetch` reads: nothing before it is in an open transaction."""
        self._end = int((await self._consumer.end_offsets([self._place]))[self._place])
        return self._end

    async def fetch(self, limit: int) -> list[LogRecord]:
        """Return up to ``limit`` next records before the end; none where the position has reached it."""
        empty_polls = 0
        while await self._consumer.position(self._place) < self._end:
            found = await self._consumer.getmany(self._place, timeout_ms=POLL_MS, max_records=limit)
            records = found.get(self._place, ())
            if records:
                # What was sent since the end was looked for waits for the next look.
                kept = [self._record(record) for record in records if record.offset < self._end]
                if len(kept) < len(records):
                    self.seek(self._end)
                return kept
            empty_polls += 1
            if empty_polls > EMPTY_POLLS_MAX:
                raise SilentKafkaError(
                    f"Kafka sends nothing of {self._place.topic}, partition {self._place.partition}, although it goes "
                    f"on to offset {self._end}. Check the brokers and start again"
                )
        return []

    def _record(self, record: ConsumerRecord) -> LogRecord:
        return LogRecord(
            self._topic,
            record.partition,
            record.offset,
            record.timestamp,
            record.key,
            record.value,
            tuple(record.headers),
        )


async def partition_count(
    options: Mapping[str, object], prefix: str, topics: Sequence[str] = (JOURNAL, *INPUTS)
) -> int:
    """Return how many partitions the topics have; ``TopicMissingError`` if one is missing or has another count."""
    admin = AIOKafkaAdminClient(**options)
    await admin.start()
    try:
        described = await admin.describe_topics([prefix + topic for topic in topics])
    finally:
        await admin.close()
    counts = {str(one["topic"]): len(one["partitions"]) for one in described if not one["error_code"]}
    missing = [prefix + topic for topic in topics if prefix + topic not in counts]
    if missing:
        raise TopicMissingError(
            f"Kafka has no topic {', '.join(missing)}: nothing ran there yet, or TIERLINE_KAFKA or "
            "TIERLINE_TOPIC_PREFIX names another place; `tierline topics check` looks closer"
        )
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{topic} {count}" for topic, count in counts.items())
        raise TopicMissingError(
            f"the topics have different numbers of partitions ({listed}); `tierline topics check` says what to do"
        )
    return counts[prefix + topics[0]]
