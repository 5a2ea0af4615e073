"""The models topic as a worker reads it: every snapshot from the beginning, the newest as soon as it is published."""

import asyncio
import logging
from functools import lru_cache
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.snapshot import NewerModelError, UnreadableModelError, decode_snapshot
from schemas.topics import MODELS
from state.score import Model, model_of
from streams.model_versions import ModelVersions
from streams.ports import LogUnavailableError, StopError
from streams.waiting import CALL_TIMEOUT_SECONDS, at_most, cancel_all, in_time
from streams.worker_config import WorkerConfig

LOOK_MS: Final = 1000
LATE_SECONDS: Final = 15.0
RETRY_SECONDS: Final = 1.0
DOING: Final = "reading the models"

log = logging.getLogger("tierline.worker")


class KafkaModels:
    """Implements `PublishedModels` for all partitions of one worker over one consumer without a group."""

    def __init__(self, config: WorkerConfig) -> None:
        self._options = config.kafka
        self._topic = config.topic_prefix + MODELS
        self._place = TopicPartition(self._topic, 0)
        self._snapshots: dict[int, bytes] = {}
        self.versions = ModelVersions()
        self._next_offset = 0
        self._moved = asyncio.Event()
        self._consumer: AIOKafkaConsumer | None = None
        self._following: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read what there is, and follow what comes; may be tried again. Raises LogUnavailableError."""
        await self.stop()
        self.versions, self._next_offset = ModelVersions(), 0
        self._consumer = consumer = AIOKafkaConsumer(
            **self._options, enable_auto_commit=False, auto_offset_reset="earliest", isolation_level="read_committed"
        )
        await in_time(consumer.start(), DOING)
        consumer.assign([self._place])
        end = (await in_time(consumer.end_offsets([self._place]), DOING))[self._place]
        while self._next_offset < end:
            await in_time(self._look(consumer), DOING)
        self._following = asyncio.create_task(self._follow(consumer))

    async def stop(self) -> None:
        """Follow no longer."""
        if self._following is not None:
            await cancel_all([self._following])
        if self._consumer is not None:
            try:
                await at_most(CALL_TIMEOUT_SECONDS, self._consumer.stop())
            except (TimeoutError, KafkaError):
                return

    def newest(self) -> int:
        """Return the newest version to adopt: one that can be read and is not behind a freeze; -1 where none is."""
        return self.versions.to_adopt()

    async def load(self, version: int) -> Model:
        """Return the model of this version; waits a while for one that is named, but not read yet.

        Raises LogUnavailableError where it does not come, StopError where the topic goes on without it.
        """
        try:
            async with asyncio.timeout(LATE_SECONDS):
                while version not in self._snapshots and self._next_offset <= version:
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError as error:
            raise LogUnavailableError(f"{self._topic} does not yet hold model {version}") from error
        if version not in self._snapshots:
            raise StopError(
                f"{self._topic} has no model {version}, which the journal or the state names: it lost records, or "
                "TIERLINE_KAFKA names another cluster. Restore the topic"
            )
        try:
            return _model(version, self._snapshots[version])
        except (NewerModelError, UnreadableModelError) as error:
            raise StopError(f"model {version} of {self._topic}: {error}") from error

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            try:
                await self._look(consumer)
            except KafkaError as error:
                log.warning("%s cannot be read for now: %s", self._topic, error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _look(self, consumer: AIOKafkaConsumer) -> None:
        found = await consumer.getmany(self._place, timeout_ms=LOOK_MS)
        for record in found.get(self._place, ()):
            self._snapshots[record.offset] = record.value or b""
            self._judge(record.offset)
        # Behind the last snapshot stands the mark of its transaction: the position passes it, no record shows it.
        self._next_offset = await consumer.position(self._place)
        self._moved.set()

    def _judge(self, offset: int) -> None:
        try:
            self.versions.take(offset, self._snapshots[offset])
        except (NewerModelError, UnreadableModelError) as error:
            log.warning("model %d is left out: %s", offset, error)


@lru_cache(maxsize=8)
def _model(version: int, blob: bytes) -> Model:
    return model_of(version, decode_snapshot(blob))
