"""Outputs and journal by aiokafka: one transactional producer per claimed partition, `<name>-relay-<p>`."""

import asyncio
from collections.abc import Sequence
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.topics import JOURNAL
from streams.ports import JournalTail, LogUnavailableError, LostClaimError, Publication, StopError
from streams.waiting import CALL_TIMEOUT_SECONDS, at_most, in_time
from streams.worker_config import WorkerConfig

TRANSACTION_TIMEOUT_MS: Final = 10_000
"""How long a dead producer's open transaction may hide what follows from readers."""
PUBLISH_TIMEOUT_SECONDS: Final = 20.0
BATCH_BYTES: Final = 512 * 1024


class KafkaOutputs:
    """Implements `OutputLog`."""

    def __init__(self, config: WorkerConfig) -> None:
        self._config = config
        self._prefix = config.topic_prefix
        self._producers: dict[int, AIOKafkaProducer] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def start(self, partition: int) -> None:
        """Fence older producers: Kafka gives the transactional id a new epoch and aborts what they left open."""
        self.drop(partition)
        producer = AIOKafkaProducer(
            **self._config.kafka,
            transactional_id=f"{self._config.name}-relay-{partition}",
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
            linger_ms=0,
            max_batch_size=BATCH_BYTES,
            acks="all",
        )
        try:
            await in_time(producer.start(), f"starting the producer of partition {partition}")
        except (LogUnavailableError, asyncio.CancelledError):
            self._close(producer)
            raise
        self._producers[partition] = producer

    async def read_journal(self, partition: int, offset: int) -> JournalTail:
        """Return the tail, by position: control records have offsets too, so counting records would not end."""
        tp = TopicPartition(self._prefix + JOURNAL, partition)
        consumer = AIOKafkaConsumer(
            **self._config.kafka, enable_auto_commit=False, auto_offset_reset="none", isolation_level="read_committed"
        )
        try:
            await in_time(consumer.start(), "reading the journal")
            consumer.assign([tp])
            begin = (await in_time(consumer.beginning_offsets([tp]), "reading the journal"))[tp]
            end = (await in_time(consumer.end_offsets([tp]), "reading the journal"))[tp]
            if not begin <= offset <= end:
                raise StopError(
                    f"the journal topic {tp.topic} partition {partition} holds offsets {begin} to {end}, but recovery "
                    f"must begin at {offset}: it lost records, or TIERLINE_KAFKA names another cluster"
                )
            consumer.seek(tp, offset)
            return JournalTail(await self._read_to(consumer, tp, end), end)
        finally:
            self._close(consumer)

    async def publish(self, partition: int, publications: Sequence[Publication]) -> int:
        """Send everything in one transaction. A timeout leaves the outcome unknown: the claim is lost."""
        producer = self._producers.get(partition)
        if producer is None:
            raise LostClaimError(f"partition {partition} has no producer")
        try:
            return await at_most(PUBLISH_TIMEOUT_SECONDS, self._transact(producer, partition, publications))
        except (KafkaError, TimeoutError) as error:
            self.drop(partition)
            raise LostClaimError(f"partition {partition}: a transaction failed: {error!r}") from error

    def drop(self, partition: int) -> None:
        """Forget the producer; it is closed in the background, because that may take as long as a broker is down."""
        producer = self._producers.pop(partition, None)
        if producer is not None:
            self._close(producer)

    async def stop(self) -> None:
        """Close every producer."""
        for partition in list(self._producers):
            self.drop(partition)
        if self._closing:
            await asyncio.wait(self._closing, timeout=CALL_TIMEOUT_SECONDS)

    async def _transact(self, producer: AIOKafkaProducer, partition: int, publications: Sequence[Publication]) -> int:
        await producer.begin_transaction()
        journal = self._prefix + JOURNAL
        last = None
        for publication in publications:
            for output in publication.outputs:
                sent = await producer.send(
                    self._prefix + output.topic, output.value, output.key, partition, headers=output.headers
                )
                sent.add_done_callback(_retrieve)
            last = await producer.send(journal, publication.journal, None, partition)
            last.add_done_callback(_retrieve)
        await producer.commit_transaction()
        assert last is not None, "a publication has a journal entry"
        return int((await last).offset) + 1

    async def _read_to(self, consumer: AIOKafkaConsumer, tp: TopicPartition, end: int) -> list[tuple[int, bytes]]:
        entries: list[tuple[int, bytes]] = []
        while await in_time(consumer.position(tp), "reading the journal") < end:
            found = await in_time(consumer.getmany(tp, timeout_ms=1000), "reading the journal")
            entries += [(record.offset, record.value) for record in found.get(tp, ()) if record.offset < end]
        return entries

    def _close(self, client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
        task = asyncio.create_task(_closed(client))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


async def _closed(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    try:
        await at_most(CALL_TIMEOUT_SECONDS, client.stop())
    except (KafkaError, TimeoutError, asyncio.CancelledError):
        return


def _retrieve(sent: "asyncio.Future[object]") -> None:
    """Look at a failure that the transaction reports anyway, so that asyncio does not complain."""
    if not sent.cancelled():
        sent.exception()
