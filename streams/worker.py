"""`tierline worker`: a Faust application without Faust's own consumer, around the partitions' service.

Faust brings the lifecycle, signals and sensors; records come by `AIOKafkaConsumer.getmany` (see docs).
"""

import asyncio
import logging
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path

import faust
from faust.app.base import BootStrategy
from mode import Service
from prometheus_client import CollectorRegistry, start_http_server

from state.errors import StateError
from streams.faust_worker import QuietWorker, nothing_of_its_own, stop_at_end
from streams.garbage import look_seldom
from streams.metrics import WorkerCollector
from streams.ports import LogUnavailableError, StopError
from streams.service import PartitionsService
from streams.worker_config import WorkerConfig

log = logging.getLogger("tierline.worker")


class NoConsumer(BootStrategy):
    """Starts neither Faust's consumer nor its producer, web server, agents or tables."""

    enable_kafka_consumer = False
    enable_kafka_producer = False
    enable_web = False

    def agents(self) -> Iterable[Service]:
        """Return none."""
        return ()

    def tables(self) -> Iterable[Service]:
        """Return none."""
        return ()

    def kafka_conductor(self) -> Iterable[Service]:
        """Return none."""
        return ()


class WorkerService(Service):
    """Runs the partitions inside Faust's lifecycle; remembers why it had to stop."""

    def __init__(self, config: WorkerConfig) -> None:
        super().__init__()
        self._config = config
        self._running: asyncio.Task[None] | None = None
        self._partitions: PartitionsService | None = None
        self.stopped_by: str | None = None
        self.on_end: asyncio.Event = asyncio.Event()

    async def on_start(self) -> None:
        """Begin; returns at once."""
        self._partitions = PartitionsService(self._config)
        if self._config.metrics_port:
            registry = CollectorRegistry()
            registry.register(WorkerCollector(self._partitions))
            start_http_server(self._config.metrics_port, registry=registry)
        look_seldom()
        self._running = asyncio.create_task(self._run(self._partitions))

    async def on_stop(self) -> None:
        """Drain: what was taken is committed and relayed."""
        if self._partitions is not None and self._running is not None:
            self._partitions.drain()
            await asyncio.wait({self._running}, timeout=30)

    async def _run(self, partitions: PartitionsService) -> None:
        try:
            await partitions.run()
        except (StopError, StateError, LogUnavailableError) as error:
            self.stopped_by = str(error)
        except Exception as error:  # noqa: BLE001  # the outermost place; silence and exit code 0 would be worse
            # Where, but not what: the text of a foreign error may hold what a customer sent.
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{where.name} ({Path(where.filename).name}, line {where.lineno})"
            self.stopped_by = f"unexpected {type(error).__name__} in {place}: a bug of Tierline, please report it"
        finally:
            self.on_end.set()


def run_worker(config: WorkerConfig) -> int:
    """Work until SIGTERM or SIGINT (0), or until only an operator can help (1, and one line that says how)."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    app = faust.App(
        config.name,
        broker=f"kafka://{config.bootstrap.split(',')[0]}",
        loop=loop,
        **nothing_of_its_own(config.name),
    )
    app.boot_strategy = NoConsumer(app, enable_web=False)
    service = WorkerService(config)
    worker = QuietWorker(app, service, loop=loop, redirect_stdouts=False, quiet=True, loglevel="WARNING")
    stopping = loop.create_task(stop_at_end(service.on_end, worker))
    try:
        worker.execute_from_commandline()
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        stopping.cancel()
    if service.stopped_by is not None:
        print(f"error: {service.stopped_by}", file=sys.stderr)  # noqa: T201
        return 1
    return code
