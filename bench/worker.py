"""Tierline's own worker under measurement: `tierline worker` as a user starts it, watched from outside."""

import asyncio
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import redis
from prometheus_client.parser import text_string_to_metric_families

from bench.machine import Cores, cpu_seconds, peak_memory_mib, pin
from state.redis_repository import RedisRepository
from tierline.demo.children import Child
from tierline.demo.run import environment_of
from tierline.demo.standing import is_settled, look
from tierline.embedded.process import free_port
from tierline.settings import Settings
from tierline.wiring import repository_of

ROOT = Path(__file__).parents[1]
CLAIMED = b"claimed at step"
LOOK_EVERY_SECONDS = 0.02
TIMEOUT_SECONDS = 1800.0
STAGES = "tierline_stage_seconds"


@dataclass(frozen=True, slots=True)
class WorkerMeasured:
    """What the worker took, from its first claim until nothing was left to commit or publish."""

    seconds: float
    cpu_seconds: float
    server_cpu_seconds: Mapping[str, float]
    peak_memory_mib: float
    stored_bytes: int
    stage_seconds: Mapping[str, float] = field(default_factory=dict)
    """Running time by stage, as the worker's own metrics say."""


@dataclass(frozen=True, slots=True)
class Started:
    """A worker that runs, and the port of its metrics."""

    child: Child
    port: int


async def measure_worker(
    settings: Settings, records: int, cores: Cores, servers: Mapping[str, int], folder: Path
) -> WorkerMeasured:
    """Run a worker on the contender's core over everything in its topics."""
    stored_before = await asyncio.to_thread(_used_memory, settings)
    worker = start_worker(settings, folder, cores.contender)
    repository = repository_of(settings)
    try:
        await claimed([worker])
        measured = await watched(settings, [worker], repository, records, servers)
        stored = await asyncio.to_thread(_used_memory, settings) - stored_before
        return replace(measured, stored_bytes=stored)
    finally:
        await repository.close()
        await asyncio.to_thread(worker.child.stop)


def start_worker(settings: Settings, folder: Path, cores: frozenset[int], number: int = 1) -> Started:
    """Start a worker on those cores; its metrics are at a port of its own."""
    port = free_port()
    own = settings.model_copy(update={"metrics_port": port})
    name = f"{settings.name}-worker-{number}-{port}"
    child = Child.start(name, ["worker", "--from", "earliest"], environment_of(own), folder)
    pin(child.process.pid, cores)
    return Started(child, port)


async def watched(
    settings: Settings,
    workers: Sequence[Started],
    repository: RedisRepository,
    records: int,
    servers: Mapping[str, int],
) -> WorkerMeasured:
    """Return what the workers take from now on until nothing is left to do; what is stored is not looked at."""
    pids = {**servers, **{worker.child.name: worker.child.process.pid for worker in workers}}
    began_at, cpu_before = time.monotonic(), {name: cpu_seconds(pid) for name, pid in pids.items()}
    await settled(workers, repository, settings.partitions, records)
    seconds = time.monotonic() - began_at
    used = {name: cpu_seconds(pid) - cpu_before[name] for name, pid in pids.items()}
    scraped = [stage_seconds(await asyncio.to_thread(_scrape, worker.port)) for worker in workers]
    stages = {stage: sum(one.get(stage, 0.0) for one in scraped) for stage in scraped[0]}
    peak = sum(peak_memory_mib(worker.child.process.pid) for worker in workers)
    cpu = sum(used.pop(worker.child.name) for worker in workers)
    return WorkerMeasured(seconds, cpu, used, peak, 0, stages)


def stage_seconds(text: str) -> dict[str, float]:
    """Return the seconds by stage out of a scrape."""
    return {
        sample.labels["stage"]: float(sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == STAGES + "_total"
    }


async def claimed(workers: Sequence[Started]) -> None:
    """Return when every worker has claimed its first partition: from then on it reads."""
    while any(CLAIMED not in worker.child.log_path.read_bytes() for worker in workers):
        for worker in workers:
            worker.child.check()
        await asyncio.sleep(LOOK_EVERY_SECONDS / 4)


async def settled(workers: Sequence[Started], repository: RedisRepository, partitions: int, records: int) -> None:
    """Return when every record is committed, nothing is due and everything is published and out of the outbox."""
    gives_up_at = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < gives_up_at:
        for worker in workers:
            worker.child.check()
        standing = await look(repository, partitions)
        if standing.taken == records and await is_settled(repository, standing):
            return
        await asyncio.sleep(LOOK_EVERY_SECONDS)
    tails = "\n".join(worker.child.log_tail() for worker in workers)
    raise TimeoutError(f"the workers did not finish:\n{tails}")


def _used_memory(settings: Settings) -> int:
    with redis.Redis.from_url(settings.need_redis()) as client:
        return int(cast("Mapping[str, int]", client.info("memory"))["used_memory"])


def _scrape(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5.0) as answer:
        return str(answer.read(), "utf-8")
