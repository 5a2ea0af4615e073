"""The trainer's two topics by aiokafka: snapshots out, one transaction each, and samples in from any offset."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, ProducerFenced

from schemas.operator_records import is_of_operator
from schemas.topics import MODELS, SAMPLES
from state.outputs import Output
from streams.ports import LogUnavailableError, LostClaimError
from streams.trainer_config import TrainerConfig
from streams.waiting import at_most, in_time

TRANSACTION_TIMEOUT_MS: Final = 10_000
PUBLISH_TIMEOUT_SECONDS: Final = 20.0
READ_BACK: Final = (10, 1_000, 1_000_000_000)
"""How far before the end the last snapshot is looked for: markers, aborted and operators' records may be behind it."""


class ModelLog:
    """What a trainer asks of Kafka. Raises LogUnavailableError, and LostClaimError where another one took over."""

    def __init__(self, config: TrainerConfig) -> None:
        self._config = config
        self._models = TopicPartition(config.topic_prefix + MODELS, 0)
        self._samples = TopicPartition(config.topic_prefix + SAMPLES, 0)
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> None:
        """Fence every other trainer: from here on only we publish, and what one left open is aborted."""
        await self.stop()
        producer = AIOKafkaProducer(
            **self._config.kafka,
            transactional_id=self._config.group,
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
            acks="all",
        )
        try:
            await in_time(producer.start(), "starting the trainer's producer")
        except (LogUnavailableError, asyncio.CancelledError):
            await _closed(producer)
            raise
        self._producer = producer

    async def stop(self) -> None:
        """Close the producer."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _closed(producer)

    async def last(self) -> tuple[int, bytes] | None:
        """Return offset and body of the last snapshot that was learnt, None before the first.

        What an operator published stands for no learning: learning goes on from what it had come to before.
        """
        async with self._reader(self._models) as consumer:
            begin, end = await _ends(consumer, self._models)
            for back in READ_BACK:
                start = max(begin, end - back)
                records = _records(consumer, self._models, start, end)
                found = [(offset, body) async for offset, body in records if not is_of_operator(body)]
                if found or start == begin:
                    return found[-1] if found else None
        return None

    async def samples_range(self) -> tuple[int, int]:
        """Return the offset of the first sample that is kept, and that behind the last one."""
        async with self._reader(self._samples) as consumer:
            return await _ends(consumer, self._samples)

    async def samples(self, begin: int, end: int) -> AsyncIterator[tuple[int, bytes]]:
        """Yield the samples from ``begin`` up to, not with, ``end``: offset and body."""
        if begin >= end:
            return
        async with self._reader(self._samples) as consumer:
            async for one in _records(consumer, self._samples, begin, end):
                yield one

    async def publish(self, body: bytes, alerts_of: Callable[[int], Sequence[Output]]) -> int:
        """Publish a snapshot and what is to be said of it; return its offset, which is its version.

        Both or neither: it is one transaction. A timeout leaves the outcome unknown.
        """
        if self._producer is None:
            raise LostClaimError("the trainer has no producer")
        try:
            return await at_most(PUBLISH_TIMEOUT_SECONDS, self._transact(self._producer, body, alerts_of))
        except ProducerFenced as error:
            raise LostClaimError("another trainer took over") from error
        except (KafkaError, TimeoutError) as error:
            raise LogUnavailableError(f"Kafka failed when publishing a model: {error!r}") from error

    async def _transact(
        self, producer: AIOKafkaProducer, body: bytes, alerts_of: Callable[[int], Sequence[Output]]
    ) -> int:
        await producer.begin_transaction()
        version = int((await producer.send_and_wait(self._models.topic, body, partition=0)).offset)
        for alert in alerts_of(version):
            topic = self._config.topic_prefix + alert.topic
            sent = await producer.send(topic, alert.value, alert.key, partition=0, headers=alert.headers)
            sent.add_done_callback(_retrieve)
        await producer.commit_transaction()
        return version

    @asynccontextmanager
    async def _reader(self, tp: TopicPartition) -> AsyncIterator[AIOKafkaConsumer]:
        consumer = AIOKafkaConsumer(
            **self._config.kafka, enable_auto_commit=False, auto_offset_reset="none", isolation_level="read_committed"
        )
        try:
            await in_time(consumer.start(), f"reading {tp.topic}")
            consumer.assign([tp])
            yield consumer
        finally:
            await _closed(consumer)


async def _ends(consumer: AIOKafkaConsumer, tp: TopicPartition) -> tuple[int, int]:
    begin = (await in_time(consumer.beginning_offsets([tp]), f"reading {tp.topic}"))[tp]
    end = (await in_time(consumer.end_offsets([tp]), f"reading {tp.topic}"))[tp]
    return int(begin), int(end)


async def _records(
    consumer: AIOKafkaConsumer, tp: TopicPartition, begin: int, end: int
) -> AsyncIterator[tuple[int, bytes]]:
    """Yield by position: control records have offsets too, so counting records would not end."""
    consumer.seek(tp, begin)
    while await in_time(consumer.position(tp), f"reading {tp.topic}") < end:
        found = await in_time(consumer.getmany(tp, timeout_ms=1000), f"reading {tp.topic}")
        for record in found.get(tp, ()):
            if record.offset < end:
                yield record.offset, record.value or b""


async def _closed(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    try:
        await at_most(5.0, client.stop())
    except (KafkaError, TimeoutError):
        return


def _retrieve(sent: "asyncio.Future[object]") -> None:
    """Look at a failure that the transaction reports anyway, so that asyncio does not complain."""
    if not sent.cancelled():
        sent.exception()
