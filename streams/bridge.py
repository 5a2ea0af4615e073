"""The live bridge: messages of a foreign topic, mapped, to the input topics. At least once.

1. Read a batch with the consumer group's own position. 2. Map each message to events or to a reason. 3. Send events to
the input topics, refused messages to the dead letters, in their order, and wait for every acknowledgement. 4. Commit
the group's position. What is repeated after a crash between 3 and 4 carries the same ids, so a worker drops it.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

from schemas.record import LogRecord
from streams.ports import StreamsError
from streams.topic_reader import log_record

BATCH_RECORDS = 2_000
POLL_TIMEOUT_MS = 500
METADATA_TIMEOUT_SECONDS = 15.0

log = logging.getLogger("tierline.bridge")


class BridgeError(StreamsError):
    """The bridge cannot run. The text says what is missing and how to make it."""


class Mapped(NamedTuple):
    """One record for a topic of ours; ``topic`` has the installation's prefix."""

    topic: str
    key: bytes
    value: bytes


class Refused(NamedTuple):
    """Why a message became no event."""

    reason: str
    detail: str


Translate = Callable[[LogRecord], Sequence[Mapped] | Refused]


class DeadLetters(Protocol):
    """Takes refused messages."""

    @property
    def topic(self) -> str | None:
        """The topic that has to exist for it, if any."""

    async def take(self, producer: AIOKafkaProducer, refused: Sequence[tuple[LogRecord, Refused]]) -> None:
        """Return when all of them are safe."""


@dataclass(frozen=True)
class BridgeConfig:
    """All that a bridge is told."""

    kafka: Mapping[str, object]
    topic: str
    group: str
    outputs: Sequence[str]
    translate: Translate
    dead_letters: DeadLetters
    session_timeout_seconds: float = 10


@dataclass(slots=True)
class BridgeCounts:
    """Messages = mapped + left out + rejected; a repeated message counts again."""

    messages: int = 0
    mapped: int = 0
    left_out: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    events: int = 0

    def as_json(self) -> dict[str, int | dict[str, int]]:
        """Return the counts."""
        return {
            "messages": self.messages,
            "mapped": self.mapped,
            "left_out": self.left_out,
            "rejected": dict(sorted(self.rejected.items())),
            "events": self.events,
        }


async def run_bridge(config: BridgeConfig, stopping: asyncio.Event) -> BridgeCounts:
    """Pass messages on until ``stopping`` is set, the batch at hand included. Raises ``KafkaError``, BridgeError."""
    counts = BridgeCounts()
    producer = AIOKafkaProducer(**config.kafka, enable_idempotence=True, acks="all", linger_ms=5)
    consumer = AIOKafkaConsumer(
        **config.kafka,
        group_id=config.group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        session_timeout_ms=int(config.session_timeout_seconds * 1000),
        heartbeat_interval_ms=int(config.session_timeout_seconds * 300),
    )
    try:
        await producer.start()
        await _check(producer, config)
        consumer.subscribe([config.topic])
        await consumer.start()
        log.info("bridge started topic=%s group=%s", config.topic, config.group)
        while not stopping.is_set():
            batch = await consumer.getmany(timeout_ms=POLL_TIMEOUT_MS, max_records=BATCH_RECORDS)
            if batch:
                await _pass_on(
                    config, producer, [log_record(one) for records in batch.values() for one in records], counts
                )
                await _commit(consumer, {tp: records[-1].offset + 1 for tp, records in batch.items()})
    finally:
        await consumer.stop()
        await producer.stop()
    log.info("bridge stopped %s", counts.as_json())
    return counts


async def _pass_on(
    config: BridgeConfig, producer: AIOKafkaProducer, records: Iterable[LogRecord], counts: BridgeCounts
) -> None:
    """Return when everything that these records become is acknowledged."""
    acknowledgements: list[Awaitable[object]] = []
    refused: list[tuple[LogRecord, Refused]] = []
    for record in records:
        found = config.translate(record)
        counts.messages += 1
        if isinstance(found, Refused):
            counts.rejected[found.reason] += 1
            refused.append((record, found))
            continue
        counts.mapped += bool(found)
        counts.left_out += not found
        counts.events += len(found)
        acknowledgements += [await producer.send(one.topic, one.value, one.key) for one in found]
    if refused:
        await config.dead_letters.take(producer, refused)
    await asyncio.gather(*acknowledgements)


async def _commit(consumer: AIOKafkaConsumer, positions: dict[TopicPartition, int]) -> None:
    try:
        await consumer.commit(positions)
    except (CommitFailedError, IllegalStateError) as error:
        # Another member has the partition now and repeats what was sent; ids make that harmless.
        log.warning("not committed, the messages will be repeated: %s", error)


async def _check(producer: AIOKafkaProducer, config: BridgeConfig) -> None:
    """Raise BridgeError for a topic that does not exist, instead of waiting for it."""
    try:
        async with asyncio.timeout(METADATA_TIMEOUT_SECONDS):
            found = await producer.client.fetch_all_metadata()
    except TimeoutError as error:
        raise BridgeError(f"Kafka does not answer within {METADATA_TIMEOUT_SECONDS:g} s. Check that it runs") from error
    for topic in config.outputs:
        if not found.partitions_for_topic(topic):
            raise BridgeError(f"Topic {topic} does not exist. Create it: tierline topics create --inputs")
    if not found.partitions_for_topic(config.topic):
        raise BridgeError(f"Topic {config.topic}, which --from-topic names, does not exist. Check its name")
    letters = config.dead_letters.topic
    if letters is not None and not found.partitions_for_topic(letters):
        raise BridgeError(f"Topic {letters}, for rejected messages, does not exist. Create it, or give --rejected FILE")
