"""The input topics by aiokafka: own offsets, fetched partition by partition, nothing ever reset silently."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import IllegalStateError, KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError

from schemas.instants import Instant
from schemas.record import LogRecord
from schemas.topics import INPUTS
from streams import topics
from streams.header_names import read_leniently
from streams.ports import LogUnavailableError, LostClaimError, StopError
from streams.waiting import CALL_TIMEOUT_SECONDS, at_most, in_time
from streams.worker_config import WorkerConfig

FETCH_MAX_WAIT_MS: Final = 50
"""How long the broker may hold a fetch that finds nothing.

aiokafka asks a broker for one thing at a time: while orders at hand wait for a tick to end, it asks for consents alone,
and new orders wait for that answer (up to 0.5 s by default).
"""
FRESH_FOR_US: Final = 2_000_000
BLOCKED_SECONDS: Final = 0.005
TOPIC_IDS_SECONDS: Final = 5.0


class KafkaInputs:
    """Implements `InputLog` for all partitions of one worker over one consumer."""

    def __init__(self, config: WorkerConfig, consumer: AIOKafkaConsumer | None = None) -> None:
        self._config = config
        self._prefix = config.topic_prefix
        self._stash: dict[TopicPartition, list[LogRecord]] = {}
        self._position: dict[TopicPartition, int] = {}
        self._readings: dict[int, int] = {}
        self._topic_ids: tuple[float, dict[str, str]] = (0.0, {})
        self._consumer = consumer or _group_consumer(config)

    async def start(self, changed: Callable[[bool], None]) -> None:
        """Join the consumer group; ``changed`` is called when partitions are revoked (False) or assigned (True).

        What is assigned is paused then.
        """
        self._consumer.subscribe(
            [self._prefix + topic for topic in INPUTS], listener=_PauseAndMark(self._consumer, changed)
        )
        await in_time(self._consumer.start(), "joining the consumer group")

    async def stop(self) -> None:
        """Leave the group at once, so that others need not wait for the session to end."""
        try:
            await at_most(CALL_TIMEOUT_SECONDS, self._consumer.stop())
        except (TimeoutError, KafkaError, asyncio.CancelledError):
            # aiokafka may raise a spurious CancelledError while the broker is down.
            return

    def whole_partitions(self) -> tuple[set[int], set[int]]:
        """Return the partitions of which every input topic is assigned, and those of which only some are."""
        assigned = [
            {tp.partition for tp in self._consumer.assignment() if tp.topic == self._prefix + t} for t in INPUTS
        ]
        whole = set.intersection(*assigned)
        return whole, set.union(*assigned) - whole

    def begin(self, partition: int, offsets: Mapping[str, int]) -> int:
        """Let the next fetches begin there, and fetching go on."""
        reading = self._readings[partition] = self._readings.get(partition, 0) + 1
        for topic, offset in offsets.items():
            tp = self._tp(partition, topic)
            self._stash.pop(tp, None)
            self._position[tp] = offset
            try:
                self._consumer.seek(tp, offset)
                self._consumer.resume(tp)
            except IllegalStateError as error:
                raise LostClaimError(f"partition {partition} is no longer assigned") from error
        return reading

    async def fetch(self, partition: int, topic: str, limit: int, reading: int) -> Sequence[LogRecord]:
        """Return what is at hand."""
        tp = self._tp(partition, topic)
        if not self._stash.get(tp):
            await self._poll((tp,), 0, limit)
        if self._readings.get(partition) != reading:
            # What was polled stays in the stash: it belongs to the later reading.
            raise LostClaimError(f"partition {partition} is read anew")
        stash = self._stash.get(tp, [])
        taken = stash[:limit]
        del stash[:limit]
        return taken

    async def wait(self, partition: int, timeout_ms: int, limit: int) -> None:
        """Return as soon as a topic of this partition has something, or after the timeout."""
        tps = tuple(self._tp(partition, topic) for topic in INPUTS)
        if any(self._stash.get(tp) for tp in tps):
            # Something waits for the other topic's answer: let the event loop bring it.
            await asyncio.sleep(BLOCKED_SECONDS)
        else:
            await self._poll(tps, timeout_ms, limit)
            await asyncio.sleep(0)

    def caught_up_at(self, partition: int, topic: str) -> Instant | None:
        """Return when the broker last said that nothing follows."""
        tp = self._tp(partition, topic)
        try:
            end, polled_ms = self._consumer.last_stable_offset(tp), self._consumer.last_poll_timestamp(tp)
        except AssertionError:  # aiokafka's way to say that the partition is not assigned, here and below.
            return None
        if end is None or polled_ms is None or self._stash.get(tp) or self._position.get(tp, -1) < end:
            return None
        at = int(polled_ms) * 1000
        return at if self._config.wall_now() - at < FRESH_FOR_US else None

    def lag(self, partition: int) -> int:
        """Return how many records wait, as of the last fetch; 0 where nothing was fetched yet."""
        waiting = 0
        for topic in INPUTS:
            tp = self._tp(partition, topic)
            try:
                end = self._consumer.highwater(tp)
            except AssertionError:
                continue
            waiting += max(0, (end or 0) - self._position.get(tp, 0)) + len(self._stash.get(tp, ()))
        return waiting

    def fetched_at(self, partition: int) -> Instant | None:
        """Return when the topic that was not fetched for longest was fetched; None where one never was.

        Wall-clock time.
        """
        try:
            polled_ms = [self._consumer.last_poll_timestamp(self._tp(partition, topic)) for topic in INPUTS]
        except AssertionError:
            return None
        known = [int(one) for one in polled_ms if one]
        return min(known) * 1000 if len(known) == len(INPUTS) else None

    async def topic_ids(self) -> dict[str, str]:
        """Return the ids, asked at most every few seconds."""
        asked_at, ids = self._topic_ids
        if not ids or time.monotonic() - asked_at > TOPIC_IDS_SECONDS:
            ids = await in_time(asyncio.to_thread(self._ask_topic_ids), "asking for the ids of the topics")
            self._topic_ids = (time.monotonic(), ids)
        return ids

    async def first_offsets(self, partition: int) -> dict[str, int]:
        """Return where the first start begins, as `start_from` says."""
        tps = {topic: self._tp(partition, topic) for topic in INPUTS}
        begins = await in_time(self._consumer.beginning_offsets(list(tps.values())), "asking where topics begin")
        start_from = self._config.start_from
        if isinstance(start_from, int):
            return await self._offsets_at(tps, start_from)
        late = [tp.topic for tp in tps.values() if begins[tp] > 0]
        if late and start_from is None:
            raise StopError(
                f"topic {late[0]} does not begin at offset 0 in partition {partition} (it has lost records to "
                "retention): say where to start, with `--from earliest` or `--from INSTANT`"
            )
        return {topic: int(begins[tp]) for topic, tp in tps.items()}

    async def commit_for_lag(self, offsets: dict[tuple[int, str], int]) -> None:
        """Tell Kafka how far we are, for its lag tools; never read back, so a failure does not matter."""
        positions = {self._tp(partition, topic): offset for (partition, topic), offset in offsets.items()}
        try:
            await at_most(2.0, self._consumer.commit(positions))
        except (KafkaError, TimeoutError):
            return

    async def _poll(self, tps: tuple[TopicPartition, ...], timeout_ms: int, limit: int) -> None:
        try:
            found = await self._consumer.getmany(*tps, timeout_ms=timeout_ms, max_records=limit)
            for tp, records in found.items():
                topic, partition = tp.topic[len(self._prefix) :], tp.partition
                self._stash.setdefault(tp, []).extend(
                    [LogRecord(topic, partition, r.offset, r.timestamp, r.key, r.value, r.headers) for r in records]
                )
            for tp in tps:
                self._position[tp] = await self._consumer.position(tp)
        except OffsetOutOfRangeError as error:
            raise await self._gone(error) from error
        except (NoOffsetForPartitionError, IllegalStateError) as error:
            raise LostClaimError("a rebalance came in between") from error
        except KafkaError as error:
            raise LogUnavailableError(f"Kafka at {self._config.bootstrap} failed a fetch: {error}") from error
        except UnicodeDecodeError as error:
            read_leniently()
            raise LostClaimError("a record has a header whose name is not UTF-8; reading again, more slowly") from error

    async def _gone(self, error: OffsetOutOfRangeError) -> StopError:
        tp, offset = next(iter(error.args[0].items()))
        begins = await in_time(self._consumer.beginning_offsets([tp]), "asking where a topic begins")
        if offset < begins[tp]:
            return StopError(
                f"topic {tp.topic} partition {tp.partition} now begins at offset {begins[tp]}, but the state needs "
                f"{offset}: retention removed records that were never read. Restore them, or start a new "
                "TIERLINE_NAME with `--from earliest`"
            )
        return StopError(
            f"topic {tp.topic} partition {tp.partition} ends before offset {offset}, which the state has reached: the "
            "topic lost records, or TIERLINE_KAFKA names another cluster"
        )

    async def _offsets_at(self, tps: dict[str, TopicPartition], at: Instant) -> dict[str, int]:
        times = dict.fromkeys(tps.values(), at // 1000)
        found = await in_time(self._consumer.offsets_for_times(times), "asking for offsets by time")
        ends = await in_time(self._consumer.end_offsets(list(tps.values())), "asking where topics end")
        return {t: int(found[tp].offset if found.get(tp) is not None else ends[tp]) for t, tp in tps.items()}

    def _ask_topic_ids(self) -> dict[str, str]:
        names = [self._prefix + topic for topic in INPUTS]
        found = topics.topic_ids(self._config.kafka, names)
        return {name.removeprefix(self._prefix): topic_id for name, topic_id in found.items()}

    def _tp(self, partition: int, topic: str) -> TopicPartition:
        return TopicPartition(self._prefix + topic, partition)


def _group_consumer(config: WorkerConfig) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        **config.kafka,
        group_id=config.group,
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed",
        partition_assignment_strategy=(RangePartitionAssignor,),
        session_timeout_ms=int(config.session_timeout_seconds * 1000),
        fetch_max_wait_ms=FETCH_MAX_WAIT_MS,
        heartbeat_interval_ms=int(config.heartbeat_seconds * 1000),
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )


class _PauseAndMark(ConsumerRebalanceListener):  # type: ignore[misc]
    """All that a rebalance callback may do; claiming happens in the worker's main loop."""

    def __init__(self, consumer: AIOKafkaConsumer, changed: Callable[[bool], None]) -> None:
        self._consumer, self._changed = consumer, changed

    def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        self._changed(False)

    def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        self._consumer.pause(*assigned)
        self._changed(True)
