"""The demo's story: servers, topics, two workers, the trainer and the API; play the year; add everything up."""

import asyncio
import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from pydantic import SecretStr

from schemas.record import LogRecord
from state.redis_repository import RedisRepository
from tierline.console import CommandError, err, note, print_json
from tierline.demo.children import Child, stop_all
from tierline.demo.data import first_baskets, year_of_baskets
from tierline.demo.feed import FeedProgress, feed
from tierline.demo.latency import visible_buckets
from tierline.demo.published import count_published, newest_model
from tierline.demo.servers import served
from tierline.demo.show import show
from tierline.demo.standing import Census, Standing, look, take_census
from tierline.demo.summary import Summary, added_up, summary_of
from tierline.demo.watch import LOOK_EVERY_SECONDS, StalledError, wait_until_learnt, wait_until_started, watch
from tierline.embedded.process import free_port
from tierline.reaching import explained, program_of
from tierline.settings import PREFIX, Settings, shown, variable
from tierline.topic_admin import make_topics
from tierline.wiring import repository_of

WORKERS = 2


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the command line says."""

    duration_seconds: float | None
    """How long the year takes; None: as fast as it goes."""
    exits: bool
    as_json: bool
    baskets: int | None = None
    """Only the first so many; None: all of them."""


def run_demo(settings: Settings, options: DemoOptions) -> bool:
    """Run the demo to its end, or until Ctrl-C, and return whether everything added up."""
    # A shell lets its background jobs ignore SIGINT, and SIGTERM ends us by way of it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _as_ctrl_c)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tierline-demo-")))
        with err.status("preparing the data, starting Kafka and Valkey"), ThreadPoolExecutor() as pool:
            reading = pool.submit(year_of_baskets, settings.cache_folder)
            settings = stack.enter_context(served(settings, folder))
            records = first_baskets(reading.result(), options.baskets)
        levels = [level.name for level in program_of(settings).tiers.levels]
        children: list[Child] = []
        stack.callback(stop_all, children)
        with explained(settings):
            make_topics(settings, with_inputs=True)
            ports = [free_port() for _ in range(WORKERS)]
            _start_children(children, settings, ports, folder)
            summary = asyncio.run(_play(settings, records, children, ports, options))
        if options.as_json:
            print_json(summary.as_json())
        else:
            show(summary, levels)
        if not options.exits:
            _stay_up(settings, records, children)
        return summary.reconciles


def environment_of(settings: Settings) -> dict[str, str]:
    """Return our environment with these settings in it: what a child process has to be given."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    for field, described in Settings.model_fields.items():
        value = getattr(settings, field)
        if value is not None and value != described.default:
            text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            environment[variable(field)] = text
    return environment


def _start_children(children: list[Child], settings: Settings, ports: Sequence[int], folder: Path) -> None:
    """Add workers, trainer and API to ``children``, one by one, so that those that run are stopped in any case."""
    environment = environment_of(settings)
    for number, port in enumerate(ports, start=1):
        own = {variable("metrics_port"): str(port)}
        children.append(Child.start(f"worker-{number}", ["worker", "--from", "earliest"], environment | own, folder))
    children.append(Child.start("trainer", ["trainer"], environment, folder))
    children.append(Child.start("api", ["api"], environment, folder))
    address = f"http://{settings.api_host}:{settings.api_port}"
    note(f"Watch it: {address}/ · API: {address}/docs · logs: {folder}")


async def _play(
    settings: Settings, records: list[LogRecord], children: list[Child], ports: Sequence[int], options: DemoOptions
) -> Summary:
    repository = repository_of(settings)
    progress = FeedProgress(total=len(records))

    def check() -> None:
        _keep_up(children)

    try:
        async with asyncio.TaskGroup() as tasks:
            await wait_until_started(repository, settings.partitions, check)
            tasks.create_task(feed(settings, records, options.duration_seconds, progress))
            watching = tasks.create_task(watch(repository, settings.partitions, progress, check))
        seconds = watching.result()
        standing, census, published = await _at_rest(settings, repository, check)
    except* (StalledError, CommandError) as failed:
        tails = "".join(f"\n{child.name}:\n{child.log_tail()}" for child in children)
        raise CommandError(f"{failed.exceptions[0]}{tails}") from failed
    finally:
        await repository.close()
    return summary_of(added_up(records), standing, census, published, seconds, await visible_buckets(ports))


async def _at_rest(
    settings: Settings, repository: RedisRepository, check: Callable[[], None]
) -> tuple[Standing, Census, dict[str, Counter[str]]]:
    """Return what is stored and published once nothing moves any more: the trainer may still send a last model."""
    while True:
        standing = await wait_until_learnt(repository, settings.partitions, lambda: newest_model(settings), check)
        census = await take_census(repository, settings.partitions)
        published = await count_published(settings)
        if (await look(repository, settings.partitions)).steps == standing.steps:
            return standing, census, published


def _stay_up(settings: Settings, records: Sequence[LogRecord], children: Sequence[Child]) -> None:
    """Wait for Ctrl-C; a process that gives up meanwhile is an error."""
    customer_id = (records[-1].key or b"").decode()
    shell = " ".join(f"{variable(f)}={shown(settings, f)}" for f in ("kafka", "redis", "name", "topic_prefix", "clock"))
    note(f"\nStill up, until Ctrl-C. In another terminal:\n  {shell} tierline customer {customer_id}")
    note(f"  curl http://{settings.api_host}:{settings.api_port}/v1/customers/{customer_id}")
    with suppress(KeyboardInterrupt):
        while True:
            time.sleep(LOOK_EVERY_SECONDS)
            _keep_up(children)


def _keep_up(children: Sequence[Child]) -> None:
    for child in children:
        child.keep_up()


def _as_ctrl_c(_signal: int, _frame: FrameType | None) -> None:
    os.kill(os.getpid(), signal.SIGINT)
