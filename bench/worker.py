"""Tierline's own worker under measurement: `tierline worker` as a user starts it, watched from outside."""

import asyncio
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
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
    """CPU time by stage, as the worker's own metrics say."""


async def measure_worker(
    settings: Settings, records: int, cores: Cores, servers: Mapping[str, int], folder: Path
) -> WorkerMeasured:
    """Run a worker on the contender's core over everything in its topics."""
    port = free_port()
    settings = settings.model_copy(update={"metrics_port": port})
    stored_before = await asyncio.to_thread(_used_memory, settings)
    child = Child.start(f"{settings.name}-worker", ["worker", "--from", "earliest"], environment_of(settings), folder)
    pin(child.process.pid, cores.contender)
    pids = {**servers, "worker": child.process.pid}
    repository = repository_of(settings)
    try:
        await _claimed(child)
        began_at, cpu_before = time.monotonic(), {name: cpu_seconds(pid) for name, pid in pids.items()}
        await _settled(child, repository, settings.partitions, records)
        seconds = time.monotonic() - began_at
        used = {name: cpu_seconds(pid) - cpu_before[name] for name, pid in pids.items()}
        stages = stage_seconds(await asyncio.to_thread(_scrape, port))
        stored = await asyncio.to_thread(_used_memory, settings) - stored_before
        return WorkerMeasured(seconds, used.pop("worker"), used, peak_memory_mib(child.process.pid), stored, stages)
    finally:
        await repository.close()
        await asyncio.to_thread(child.stop)


def stage_seconds(text: str) -> dict[str, float]:
    """Return the seconds by stage out of a scrape."""
    return {
        sample.labels["stage"]: float(sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == STAGES + "_total"
    }


async def _claimed(child: Child) -> None:
    """Return when the worker has claimed its first partition: from then on it reads."""
    while CLAIMED not in child.log_path.read_bytes():
        child.check()
        await asyncio.sleep(LOOK_EVERY_SECONDS / 4)


async def _settled(child: Child, repository: RedisRepository, partitions: int, records: int) -> None:
    """Return when every record is committed, nothing is due and everything is published and out of the outbox."""
    gives_up_at = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < gives_up_at:
        child.check()
        standing = await look(repository, partitions)
        if standing.taken == records and await is_settled(repository, standing):
            return
        await asyncio.sleep(LOOK_EVERY_SECONDS)
    raise TimeoutError(f"the worker did not finish:\n{child.log_tail()}")


def _used_memory(settings: Settings) -> int:
    with redis.Redis.from_url(settings.need_redis()) as client:
        return int(cast("Mapping[str, int]", client.info("memory"))["used_memory"])


def _scrape(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5.0) as answer:
        return str(answer.read(), "utf-8")
