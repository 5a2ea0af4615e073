"""What an installation's topics hold, as a reader sees it."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from msgspec.structs import replace

from schemas.journal import Step, decode_entry
from schemas.operator_records import decode_model_record
from schemas.record import LogRecord
from schemas.snapshot import Snapshot, encode_snapshot
from schemas.topics import JOURNAL, MODELS
from state.score import Model, model_of
from streams.topic_reader import log_record


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
        return (await self.read_all([topic], partition, isolation_level))[topic]

    async def read_all(
        self, names: Sequence[str], partition: int, isolation_level: str = "read_committed"
    ) -> dict[str, list[LogRecord]]:
        """Return what a reader sees of each topic; one consumer takes a fraction of the time of many."""
        places = {TopicPartition(self.prefix + name, partition): name for name in names}
        ends = await self._written_ends(list(places))
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.kafka, isolation_level=isolation_level, enable_auto_commit=False
        )
        await consumer.start()
        consumer.assign(list(places))
        for place, begin in (await consumer.beginning_offsets(list(places))).items():
            consumer.seek(place, begin)
        found: dict[str, list[LogRecord]] = {name: [] for name in names}
        left = list(places)
        while left := [place for place in left if await consumer.position(place) < ends[place]]:
            for place, records in (await consumer.getmany(*left, timeout_ms=500)).items():
                found[places[place]] += [replace(log_record(one), topic=places[place]) for one in records]
        await consumer.stop()
        return found

    async def _written_ends(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the ends of what is written: a commit is done before its markers let a committed reader see it."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.kafka)
        await consumer.start()
        ends = await consumer.end_offsets(places)
        await consumer.stop()
        return {place: int(ends[place]) for place in places}

    async def journal(self, partition: int) -> list[Step]:
        """Return the steps in the journal; they follow each other without a gap."""
        return steps_of(await self.read(JOURNAL, partition))

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


def steps_of(journal: Iterable[LogRecord]) -> list[Step]:
    """Return the steps in the journal; they follow each other without a gap."""
    steps: list[Step] = []
    expected = 1
    for record in journal:
        assert record.value is not None
        entry = decode_entry(record.value)
        assert entry.first_step == expected, f"the journal is torn at step {expected}"
        expected = entry.next_step
        steps += entry.steps
    return steps
