"""What an installation's topics hold, as a reader sees it."""

import json
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.journal import Step, decode_entry
from schemas.operator_records import decode_model_record
from schemas.record import LogRecord
from schemas.snapshot import Snapshot, encode_snapshot
from schemas.topics import JOURNAL, MODELS
from state.score import Model, model_of


@dataclass(slots=True)
class TopicsOfName:
    """The topics that begin with ``name``."""

    name: str
    kafka: str

    @property
    def prefix(self) -> str:
        """What its topics begin with."""
        return f"{self.name}."

    async def read(self, topic: str, partition: int, isolation_level: str = "read_committed") -> list[LogRecord]:
        """Return what a reader sees."""
        tp = TopicPartition(self.prefix + topic, partition)
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.kafka, isolation_level=isolation_level, enable_auto_commit=False
        )
        await consumer.start()
        consumer.assign([tp])
        end = await self._written_end(tp)
        consumer.seek(tp, (await consumer.beginning_offsets([tp]))[tp])
        found: list[LogRecord] = []
        while await consumer.position(tp) < end:
            records = (await consumer.getmany(tp, timeout_ms=500)).get(tp, ())
            found += [LogRecord(topic, partition, r.offset, r.timestamp, r.key, r.value, r.headers) for r in records]
        await consumer.stop()
        return found

    async def _written_end(self, tp: TopicPartition) -> int:
        """Return the end of what is written: a commit is done before its markers let a committed reader see it."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.kafka)
        await consumer.start()
        end = int((await consumer.end_offsets([tp]))[tp])
        await consumer.stop()
        return end

    async def journal(self, partition: int) -> list[Step]:
        """Return the steps in the journal; they follow each other without a gap."""
        steps: list[Step] = []
        expected = 1
        for record in await self.read(JOURNAL, partition):
            assert record.value is not None
            entry = decode_entry(record.value)
            assert entry.first_step == expected, f"the journal is torn at step {expected}"
            expected = entry.next_step
            steps += entry.steps
        return steps

    async def publish_model(self, snapshot: Snapshot) -> int:
        """Publish a snapshot as the trainer does, in a transaction of its own; return its version."""
        producer = AIOKafkaProducer(bootstrap_servers=self.kafka, transactional_id=f"{self.name}-trainer")
        await producer.start()
        async with producer.transaction():
            sent = await producer.send_and_wait(self.prefix + MODELS, encode_snapshot(snapshot), partition=0)
        await producer.stop()
        return int(sent.offset)

    async def models(self) -> dict[int, Model]:
        """Return every model by its version."""
        records = [(one.offset, decode_model_record(one.value or b"")) for one in await self.read(MODELS, 0)]
        return {version: model_of(version, one) for version, one in records if isinstance(one, Snapshot)}

    async def snapshots(self) -> dict[int, dict[str, object]]:
        """Return every snapshot's JSON by its version."""
        return {one.offset: json.loads(one.value or b"") for one in await self.read(MODELS, 0)}
