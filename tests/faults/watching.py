"""What a fault test sees of an installation from outside, and how it ends."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from schemas.journal import Records
from state.meta import decode_meta
from state.redis_repository import RedisRepository
from tests.integration.installation import Installation
from tests.integration.worker_process import WorkerProcess

CLAIMED: Final = ": claimed at step "
"""What a worker's log says of each partition that it claims."""


async def until(is_so: Callable[[], Awaitable[bool]], what: str, within_seconds: float = 60) -> None:
    """Wait until it is so; AssertionError that names it when it takes too long."""
    gives_up_at = time.monotonic() + within_seconds
    while not await is_so():
        assert time.monotonic() < gives_up_at, f"not within {within_seconds} s: {what}"
        await asyncio.sleep(0.02)


async def settled(installation: Installation, within_seconds: float = 120) -> int:
    """Wait for rest, end every worker in order and compare the books; return how many outputs there were."""
    await installation.await_rest(within_seconds)
    for worker in installation.workers:
        await end_in_order(worker)
        assert "Traceback" not in worker.said, worker.said[-1500:]
    return await installation.assert_books()


async def end_in_order(worker: WorkerProcess) -> None:
    """Let SIGTERM end it, which it must do with exit code 0; it must live until then."""
    assert worker.process is not None
    assert worker.process.poll() is None, worker.said[-1500:]
    assert await asyncio.to_thread(worker.terminate, 60) == 0, worker.said[-1500:]


async def have_begun(workers: Sequence[WorkerProcess]) -> bool:
    """Tell whether each of them has claimed a partition: all are in the group then."""
    return all(CLAIMED in worker.said for worker in workers)


async def steps_in_redis(installation: Installation, url: str) -> list[int]:
    """Return the step of each partition's last commit that the Redis at ``url`` knows of; 0 where it knows none."""
    repository = RedisRepository(url, installation.name)
    blobs = [await repository.meta(partition) for partition in range(installation.partitions)]
    await repository.close()
    return [0 if blob is None else decode_meta(blob).step for blob in blobs]


async def journalled_steps(installation: Installation) -> list[int]:
    """Return the last step that each partition's journal holds."""
    journals = [await installation.journal(partition) for partition in range(installation.partitions)]
    return [sum(step.count if isinstance(step, Records) else 1 for step in journal) for journal in journals]


def refused_writes(metrics_port: int) -> int:
    """Return how many writes of a worker were refused, because another one had claimed the partition."""
    return int(sum(_values(metrics_port, "tierline_refused_commits_total")))


def partitions_held(metrics_port: int) -> int:
    """Return how many partitions a worker believes to own now; none while it is only starting."""
    try:
        return len(_values(metrics_port, "tierline_relay_age_seconds"))
    except URLError:
        return 0


def _values(metrics_port: int, metric: str) -> list[float]:
    with urlopen(f"http://127.0.0.1:{metrics_port}/metrics", timeout=20) as reply:
        lines = reply.read().decode().splitlines()
    return [float(line.rpartition(" ")[2]) for line in lines if line.startswith(metric + "{")]
