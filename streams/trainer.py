"""`tierline trainer`: an ordinary Faust application; its one agent reads the samples topic.

Faust brings the group, by which one of several trainers has the topic, and says where to begin. What is folded, and
what is published, is `Learning`'s: it fences the others, and reads by itself what Faust does not bring.
"""

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from collections import deque
from ssl import SSLContext
from typing import Final, TypeAlias, cast

import faust
from faust.app.base import BootStrategy
from faust.types import EventT, StreamT
from faust.types.auth import CredentialsT
from kafka.errors import KafkaError as AdminKafkaError
from mode import CrashingSupervisor, Service

from schemas.topics import SAMPLES
from streams import topics
from streams.faust_worker import QuietWorker, nothing_of_its_own, stop_at_end
from streams.learning import Learning
from streams.model_log import ModelLog
from streams.ports import LogUnavailableError, LostClaimError, StopError
from streams.refusal import refusal_now
from streams.trainer_config import TrainerConfig

START_RETRY_SECONDS: Final = 2.0
START_SAY_SECONDS: Final = 10.0
RETRY_SECONDS: Final = 2.0
END_SECONDS: Final = 15.0
BUFFERED_SLICES: Final = 64
"""Some tens of kilobytes each."""

Event: TypeAlias = EventT[bytes]

log = logging.getLogger("tierline.trainer")


class TrainerService(Service):
    """What the agent works with; remembers why it had to stop."""

    def __init__(self, config: TrainerConfig, app: faust.App) -> None:
        super().__init__()
        self._config, self._app = config, app
        self._models = ModelLog(config)
        self._learning = Learning(self._models, config.learning)
        self._unacked: deque[Event] = deque()
        self.stopped_by: str | None = None
        self.on_end: asyncio.Event = asyncio.Event()

    async def take(self, event: Event) -> None:
        """Learn from one record; acknowledge those that a published snapshot covers."""
        while self._is_ours(event):
            try:
                await self._learning.take(event.message.offset, event.value or b"")
            except LostClaimError as error:
                log.warning("%s; waiting for our turn", error)
                await asyncio.sleep(self._config.session_timeout_seconds)
            except LogUnavailableError as error:
                log.warning("waiting: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
            except StopError as error:
                self.stop_because(str(error))
                # What is left of the topic is not taken meanwhile.
                await asyncio.Event().wait()
            else:
                self._unacked.append(event)
                return self._acknowledge()
        return None

    async def on_stop(self) -> None:
        """Leave the topic to the next trainer."""
        await self._models.stop()

    def _is_ours(self, event: Event) -> bool:
        """Tell whether the group is still the one that gave us the record; else it comes again, here or elsewhere."""
        return bool(event.message.generation_id == self._app.consumer_generation_id)

    def _acknowledge(self) -> None:
        while self._unacked and self._unacked[0].message.offset < self._learning.published_until:
            self._unacked.popleft().ack()

    def stop_because(self, reason: str) -> None:
        """Let everything end, with one line that says why."""
        self.stopped_by = reason
        self.on_end.set()


class _Worker(QuietWorker):
    """Ends also where Faust would not: it waits for a broker that is down for ever, and nothing of ours needs it."""

    is_asked_to_end = False

    def _schedule_shutdown(self, signal: signal.Signals) -> None:
        self.is_asked_to_end = True
        giving_up = threading.Timer(END_SECONDS, _end_now)
        giving_up.daemon = True
        giving_up.start()
        super()._schedule_shutdown(signal)


def run_trainer(config: TrainerConfig) -> int:
    """Learn until SIGTERM or SIGINT (0), or until only an operator can help (1, and one line that says how)."""
    try:
        _await_topics(config)
    except StopError as error:
        return _failed(str(error))
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    app = _app(config, loop)
    service = TrainerService(config, app)
    _add_agent(app, config, service)
    worker = _Worker(app, service, loop=loop, redirect_stdouts=False, quiet=True, loglevel="WARNING")
    stopping = loop.create_task(stop_at_end(service.on_end, worker))

    def thread_failed(failed: threading.ExceptHookArgs) -> None:
        """Say in one line that Faust's consumer, which has a thread of its own, is gone: where a broker is down."""
        log.warning("Faust's consumer failed: %r", failed.exc_value)
        if not worker.is_asked_to_end:
            loop.call_soon_threadsafe(
                service.stop_because, f"Faust's consumer failed: {failed.exc_value!r}; start again"
            )

    threading.excepthook = thread_failed
    try:
        worker.execute_from_commandline()
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        stopping.cancel()
    return code if service.stopped_by is None else _failed(service.stopped_by)


def _app(config: TrainerConfig, loop: asyncio.AbstractEventLoop) -> faust.App:
    app = faust.App(
        config.group,
        broker=[f"kafka://{server.strip()}" for server in config.bootstrap.split(",")],
        broker_credentials=_credentials(config),
        broker_session_timeout=config.session_timeout_seconds,
        broker_heartbeat_interval=config.heartbeat_seconds,
        consumer_auto_offset_reset="earliest",
        stream_buffer_maxsize=BUFFERED_SLICES,
        stream_wait_empty=False,
        loop=loop,
        **nothing_of_its_own(config.group),
    )
    app.boot_strategy = BootStrategy(app, enable_web=False, enable_kafka_producer=False)
    return app


def _add_agent(app: faust.App, config: TrainerConfig, service: TrainerService) -> None:
    name = config.topic_prefix + SAMPLES
    topic = app.topic(name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

    async def learn(stream: StreamT[bytes]) -> None:
        async for event in cast("faust.Stream[bytes]", stream).noack().events():
            await service.take(event)

    app.agent(topic, name="tierline.trainer.learn", supervisor_strategy=CrashingSupervisor)(learn)


def _credentials(config: TrainerConfig) -> CredentialsT | None:
    """Return what Faust takes of the options that every other client of ours takes as they are."""
    protocol = str(config.kafka.get("security_protocol", "PLAINTEXT"))
    context = cast("SSLContext | None", config.kafka.get("ssl_context"))
    if protocol.startswith("SASL"):
        return faust.SASLCredentials(
            username=str(config.kafka["sasl_plain_username"]),
            password=str(config.kafka["sasl_plain_password"]),
            mechanism=str(config.kafka["sasl_mechanism"]),
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if protocol == "SSL" else None


def _await_topics(config: TrainerConfig) -> None:
    """Return when both topics are as they have to be; raises StopError where they are not, or nobody answers."""
    gives_up_at, said_at = time.monotonic() + config.start_patience_seconds, -START_SAY_SECONDS
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        while True:
            try:
                return _check_topics(config)
            except AdminKafkaError as error:
                refused, left = refusal_now(config.kafka), gives_up_at - time.monotonic()
                if refused is not None:
                    raise StopError(refused) from error
                if left <= 0:
                    raise StopError(
                        f"Kafka at {config.bootstrap} does not answer: {error!r}. Start it, or correct the address"
                    ) from error
                if time.monotonic() - said_at >= START_SAY_SECONDS:
                    said_at = time.monotonic()
                    log.warning("Kafka at %s does not answer; trying for another %.0f s", config.bootstrap, left)
            time.sleep(START_RETRY_SECONDS)
    finally:
        signal.signal(signal.SIGTERM, before)


def _check_topics(config: TrainerConfig) -> None:
    for problem in topics.problems(config.kafka, topics.learning_specs(config.topic_prefix)):
        if problem.level == "failure":
            raise StopError(f"topic {problem.topic} {problem.text}. {problem.advice}")
        log.warning("topic %s %s. %s", problem.topic, problem.text, problem.advice)


def _failed(reason: str) -> int:
    print(f"error: {reason}", file=sys.stderr)  # noqa: T201
    return 1


def _end_now() -> None:
    log.warning("Kafka does not answer: ended without waiting for it")
    os._exit(0)
