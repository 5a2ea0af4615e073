"""The worker's main loop: which partitions are ours, and a runner for each of them."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Final, TypeVar

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2

from schemas.instants import Instant
from state.errors import StateError
from state.redis_repository import RedisRepository
from state.store import StoreRefusedError, StoreUnavailableError
from streams import topics
from streams.bad_input import BadInputLimit
from streams.kafka_inputs import KafkaInputs
from streams.kafka_models import KafkaModels
from streams.kafka_outputs import KafkaOutputs
from streams.observed import Observed
from streams.partition import PartitionEngine, Work
from streams.ports import LogUnavailableError, Ports, StopError
from streams.refusal import refusal
from streams.runner import DRAIN_SECONDS, Beside, PartitionRunner
from streams.sampling import SampleTopic
from streams.state_topic import StateTopic
from streams.waiting import cancel_all, in_time
from streams.worker_config import WorkerConfig

START_RETRY_SECONDS: Final = 2.0
START_SAY_SECONDS: Final = 10.0
LAG_COMMIT_SECONDS: Final = 5.0
END_SECONDS: Final = 5.0

log = logging.getLogger("tierline.worker")

Joined = TypeVar("Joined")


class PartitionsService:
    """Runs until `drain`, or until an error that only an operator can mend (it comes out of `run`)."""

    def __init__(self, config: WorkerConfig) -> None:
        self.config = config
        self.store = RedisRepository(config.redis_url, config.name)
        self.outputs = KafkaOutputs(config)
        self.models = KafkaModels(config)
        self.runners: dict[int, PartitionRunner] = {}
        self.observed: dict[int, Observed] = {}
        self.inputs: KafkaInputs | None = None
        self._tasks: dict[asyncio.Task[None], PartitionRunner] = {}
        self._limit = BadInputLimit(config.dead_letter_limit)
        self._is_reassigned = False
        self._changed = asyncio.Event()
        self._drains = False

    async def run(self) -> None:
        """Join the group and work. Raises StopError and StateError."""
        producer = None
        try:
            inputs, producer = await self._patiently(self._join)
            self.inputs = inputs
            prefix = self.config.topic_prefix
            beside = Beside(StateTopic(producer, prefix, self._now), SampleTopic(producer, prefix))
            await self._main_loop(inputs, beside)
        finally:
            await self._end(producer)

    def drain(self) -> None:
        """Let every partition finish its round and relay it, then end `run`."""
        self._drains = True
        for runner in self.runners.values():
            runner.drain()
        self._changed.set()

    async def _main_loop(self, inputs: KafkaInputs, beside: Beside) -> None:
        committing = asyncio.create_task(self._commit_for_lag(inputs))
        try:
            while not self._drains:
                changed = asyncio.create_task(self._changed.wait())
                await asyncio.wait({changed, committing, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
                for task in [task for task in self._tasks if task.done()]:
                    self._tasks.pop(task)
                    task.result()
                if self._changed.is_set():
                    self._changed.clear()
                    await self._reassign(inputs, beside)
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=DRAIN_SECONDS)
        finally:
            committing.cancel()

    async def _reassign(self, inputs: KafkaInputs, beside: Beside) -> None:
        """Rebalancing is eager: whatever we had lost its position, so every partition is claimed again."""
        if self._drains:
            return
        await self._drop_runners()
        if not self._is_reassigned:
            return
        whole, torn = inputs.whole_partitions()
        if torn:
            log.warning(
                "partitions %s: paused, because not every input topic of them is assigned here; "
                "do all workers consume the same topics?",
                sorted(torn),
            )
        for partition in sorted(whole):
            self._start_runner(partition, inputs, beside)

    def _start_runner(self, partition: int, inputs: KafkaInputs, beside: Beside) -> None:
        observed = self.observed.setdefault(partition, Observed())
        work, ports = work_of(self.config), self._ports(inputs)
        runner = PartitionRunner(
            partition, work, ports, inputs, beside, observed, self._limit, held=lambda: len(self.runners)
        )
        self.runners[partition] = runner
        self._tasks[asyncio.create_task(runner.run())] = runner

    async def _drop_runners(self) -> None:
        await cancel_all(self._tasks)
        for partition in self.runners:
            self.outputs.drop(partition)
        self._tasks, self.runners = {}, {}

    def _on_rebalance(self, is_assigned: bool) -> None:
        self._is_reassigned = is_assigned
        self._changed.set()

    async def _join(self) -> tuple[KafkaInputs, AIOKafkaProducer]:
        await self._check()
        inputs = KafkaInputs(self.config)
        producer = AIOKafkaProducer(**self.config.kafka, linger_ms=5, max_batch_size=512 * 1024)
        try:
            await in_time(producer.start(), "starting a producer")
            await self.models.start()
            await inputs.start(self._on_rebalance)
        except (LogUnavailableError, asyncio.CancelledError):
            await _closed([producer.stop(), inputs.stop()])
            raise
        return inputs, producer

    async def _check(self) -> None:
        config = self.config
        for warning in await self.store.check():
            log.warning(warning)
        specs = [
            *topics.specs(config.topic_prefix, config.partitions),
            *topics.input_specs(config.topic_prefix, config.partitions),
        ]
        asked = asyncio.to_thread(topics.problems, config.kafka, specs)
        for problem in await in_time(asked, f"asking {config.bootstrap} for its topics"):
            if problem.level == "failure":
                raise StopError(f"topic {problem.topic} {problem.text}. {problem.advice}")
            log.warning("topic %s %s. %s", problem.topic, problem.text, problem.advice)

    async def _patiently(self, attempt: Callable[[], Awaitable[Joined]]) -> Joined:
        """Try again for a while: servers often start together."""
        loop = asyncio.get_running_loop()
        gives_up_at, said_at = loop.time() + self.config.start_patience_seconds, -START_SAY_SECONDS
        while True:
            try:
                return await attempt()
            except (LogUnavailableError, StoreUnavailableError) as error:
                left, refused = gives_up_at - loop.time(), None
                if isinstance(error, LogUnavailableError):
                    refused = await refusal(self.config.kafka)
                if refused is not None:
                    raise StopError(refused) from error
                if left <= 0 or self._drains:
                    advice = "" if isinstance(error, StoreRefusedError) else ". Start it, or correct the address"
                    raise StopError(f"{error}{advice}") from error
                if loop.time() - said_at >= START_SAY_SECONDS:
                    said_at = loop.time()
                    log.warning("%s; trying for another %.0f s", error, left)
            await asyncio.sleep(START_RETRY_SECONDS)

    async def _commit_for_lag(self, inputs: KafkaInputs) -> None:
        while True:
            await asyncio.sleep(LAG_COMMIT_SECONDS)
            engines = [runner.engine for runner in self.runners.values() if runner.engine is not None]
            offsets = {(e.partition, topic): at for e in engines for topic, at in e.fold.meta.offsets.items()}
            if offsets:
                await inputs.commit_for_lag(offsets)

    async def _end(self, producer: AIOKafkaProducer | None) -> None:
        """Close everything side by side: while a broker is down each would take its time."""
        await self._drop_runners()
        closing = [self.outputs.stop(), self.store.close(), self.models.stop()]
        closing += [producer.stop()] if producer is not None else []
        closing += [self.inputs.stop()] if self.inputs is not None else []
        await _closed(closing)

    def _ports(self, inputs: KafkaInputs) -> Ports:
        return Ports(
            self.store,
            inputs,
            self.outputs,
            self.models,
            asyncio.Lock,
            lambda: secrets.token_hex(8),
            self.config.wall_now,
            self.config.new_tracing,
        )

    def _now(self, engine: PartitionEngine) -> Instant:
        return self.config.wall_now() if self.config.clock == "wall" else engine.fold.meta.clock_at


async def _closed(closing: Iterable[Coroutine[None, None, None]]) -> None:
    tasks = [asyncio.create_task(close) for close in closing]
    await asyncio.wait(tasks, timeout=END_SECONDS)
    await cancel_all(tasks)


def work_of(config: WorkerConfig) -> Work:
    """Return what every partition of such a worker is to do."""

    def partition_of(key: bytes) -> int:
        return int((murmur2(key) & 0x7FFFFFFF) % config.partitions)

    return Work(
        program_json=config.program.canonical_json(),
        program_version=config.program.version,
        partition_of=partition_of,
        uses_wall_clock=config.clock == "wall",
        tick_delay_us=int(config.tick_delay_seconds * 1_000_000),
        records_a_round=config.batch_records,
        customers_a_commit=config.commit_customers,
        cached_customers_max=config.cache_customers,
    )


OPERATOR_ERRORS = (StopError, StateError)
"""What `run` raises when only an operator can help; the text says what to do."""
