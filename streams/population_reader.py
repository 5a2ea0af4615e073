"""The samples and models topics as the read side follows them: everybody sampled, beside the model in force."""

import logging
from collections.abc import AsyncIterator, Collection, Mapping, Set
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from models.population import Population, population_of
from models.sample_table import FORGET_AFTER_DAYS, NEVER, SampleTable
from schemas.instants import DAY_MICROSECONDS
from schemas.samples import NewerSamplesError, UnreadableSamplesError, decode_slice
from schemas.snapshot import NewerModelError, Snapshot, UnreadableModelError
from schemas.topics import MODELS, SAMPLES
from streams import topics
from streams.model_versions import NONE_YET, ModelVersions
from streams.ports import LogUnavailableError
from streams.waiting import CALL_TIMEOUT_SECONDS, at_most, in_time

LOOK_MS: Final = 500
RECORDS_A_LOOK: Final = 200
"""Slices of some hundred customers each."""
DOING: Final = "reading the samples"

log = logging.getLogger("tierline.population")


class PopulationReader:
    """A fold of both topics over one consumer without a group. Raises LogUnavailableError where Kafka fails.

    `catch_up` first: before, the table lacks customers.
    """

    def __init__(self, consumer: AIOKafkaConsumer, topic_prefix: str) -> None:
        self._consumer = consumer
        self._models = TopicPartition(topic_prefix + MODELS, 0)
        self._samples = TopicPartition(topic_prefix + SAMPLES, 0)
        self._versions = ModelVersions()
        self._table = SampleTable()
        self._built_version = NONE_YET
        self._is_newer = self._is_arriving = False

    async def catch_up(self) -> None:
        """Read the models, then every sample that still counts by them."""
        consumer, both = self._consumer, (self._models, self._samples)
        consumer.assign(both)
        ends = await in_time(consumer.end_offsets(both), DOING)
        consumer.pause(self._samples)
        await in_time(consumer.seek_to_beginning(*both), DOING)
        while await in_time(consumer.position(self._models), DOING) < ends[self._models]:
            await self.look()
        consumer.resume(self._samples)
        began = samples_begin(list(self._versions.snapshots.values()))
        if began > await in_time(consumer.position(self._samples), DOING):
            consumer.seek(self._samples, began)
        while await in_time(consumer.position(self._samples), DOING) < ends[self._samples]:
            await self.look()

    async def look(self) -> None:
        """Take what has come."""
        found = await in_time(self._consumer.getmany(timeout_ms=LOOK_MS, max_records=RECORDS_A_LOOK), DOING)
        self._is_arriving = bool(found.get(self._samples))
        self._is_newer = self._is_newer or self._is_arriving
        for place, records in found.items():
            for record in records:
                self._take(place, record)

    def population(self) -> Population | None:
        """Return everybody anew where the model changed, or samples came and no more do: a sweep is over; else None.

        None also without a model or without samples. It takes about a second for a million customers.
        """
        version = self._versions.to_adopt()
        is_due = version != self._built_version or (self._is_newer and not self._is_arriving)
        if version == NONE_YET or not len(self._table) or not is_due:
            return None
        self._built_version, self._is_newer = version, False
        return population_of(version, self._versions.snapshots[version], self._table)

    def forget(self, customer_ids: Set[str]) -> None:
        """Drop these customers: they are gone. A later sample brings one of them back."""
        self._table.keep(NEVER, without=customer_ids)
        self._is_newer = True

    def missing(self) -> str:
        """Return what there is too little of for a population, in words."""
        if self._versions.to_adopt() == NONE_YET:
            return f"No model has been published yet on {self._models.topic}. Start the trainer: tierline trainer"
        return f"There are no samples on {self._samples.topic}; workers send them once a day."

    def _take(self, place: TopicPartition, record: ConsumerRecord) -> None:
        try:
            if place == self._models:
                self._versions.take(record.offset, record.value or b"")
            else:
                self._table.take(decode_slice(record.value or b""))
        except (NewerModelError, UnreadableModelError, NewerSamplesError, UnreadableSamplesError) as error:
            log.warning("%s, offset %d is left out: %s", place.topic, record.offset, error)


def samples_begin(snapshots: Collection[Snapshot]) -> int:
    """Return the offset from which on samples may still count: those of the week before the newest snapshot.

    Of an old one that an operator published again nothing follows. The trainer reads further back: it prices by them.
    """
    if not snapshots:
        return 0
    newest = max(snapshots, key=lambda one: one.trained_at)
    since = newest.trained_at - FORGET_AFTER_DAYS * DAY_MICROSECONDS
    return max([newest.samples_from, *(one.samples_until for one in snapshots if one.trained_at <= since)])


@asynccontextmanager
async def population_reader(options: Mapping[str, object], topic_prefix: str) -> AsyncIterator[PopulationReader]:
    """Yield a reader that has caught up. Raises LogUnavailableError, also where a topic is missing."""
    names = [topic_prefix + MODELS, topic_prefix + SAMPLES]
    missing = set(names) - set(topics.topic_ids(options, names))
    if missing:
        raise LogUnavailableError(f"topic {min(missing)} does not exist; create it: tierline topics create")
    consumer = AIOKafkaConsumer(
        **options, enable_auto_commit=False, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    try:
        await in_time(consumer.start(), DOING)
        reader = PopulationReader(consumer, topic_prefix)
        await reader.catch_up()
        yield reader
    finally:
        await at_most(CALL_TIMEOUT_SECONDS, consumer.stop())
