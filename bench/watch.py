"""Workers, one API process and a producer at work, pages open beside them, and what these were shown in the end."""

import asyncio
import json
import secrets
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec

from bench.notices import Notices, Seen
from bench.open_pages import CustomerPage, FeedPage, Page, said_key
from bench.order_flow import Flow, Flowed, customer
from schemas.topics import ORDERS
from state.bodies import Body
from state.redis_repository import RedisRepository
from tierline.demo.children import Child
from tierline.demo.run import environment_of
from tierline.demo.standing import is_settled, look
from tierline.embedded.process import free_port
from tierline.settings import Settings
from tierline.topic_admin import make_topics
from tierline.wiring import partition_of, repository_of

ROOT: Final = Path(__file__).parents[1]
PATIENCE_SECONDS: Final = 180.0
LOOK_EVERY_SECONDS: Final = 0.1


class Watch(msgspec.Struct, frozen=True):
    """What to do."""

    orders_per_second: int = 5000
    seconds: int = 30
    pages: int = 500
    customers: int = 20_000
    partitions: int = 8
    workers: int = 1
    within_seconds: float = 5.0
    """From commit to arrival; well below the 10 s after which a page looks again by itself."""


class Watched(msgspec.Struct, frozen=True):
    """What there was to see, all of it seen."""

    pages: int
    asked_per_second: int
    orders_per_second: float
    orders: int
    commits: int
    p50_ms: float
    p99_ms: float
    longest_ms: float
    said: int
    reopened: int
    """How often a page had to come back."""


class LostUpdateError(Exception):
    """A page was not shown something."""


async def watch(settings: Settings, wanted: Watch, folder: Path) -> Watched:
    """Run it all over the servers of ``settings``. Raises `LostUpdateError`."""
    name = f"watch-{secrets.token_hex(3)}"
    found = {"name": name, "topic_prefix": f"{name}.", "api_port": free_port(), "partitions": wanted.partitions}
    settings = settings.model_copy(update=found)
    await asyncio.to_thread(make_topics, settings, with_inputs=True)
    repository, children = repository_of(settings), []
    try:
        children += _processes(settings, wanted.workers, folder)
        await _flow(settings, Flow(settings.need_kafka(), settings.topic_prefix + ORDERS, 0, wanted.pages, 0, "first"))
        await _settled(repository, wanted.partitions, wanted.pages, children)
        return await _watched(settings, wanted, repository, children)
    finally:
        await repository.close()
        for child in children:
            await asyncio.to_thread(child.stop)


async def _watched(
    settings: Settings, wanted: Watch, repository: RedisRepository, children: Sequence[Child]
) -> Watched:
    customers = [CustomerPage(settings.api_port, customer(number)) for number in range(wanted.pages)]
    feed, ids = FeedPage(settings.api_port), {page.customer_id for page in customers}
    notices = Notices(repository, wanted.partitions, ids)
    known = await _said(repository, customers, wanted.partitions)
    async with _open([*customers, feed]), notices.running():
        total = wanted.orders_per_second * wanted.seconds
        topic = settings.topic_prefix + ORDERS
        flow = Flow(settings.need_kafka(), topic, wanted.customers, total, wanted.orders_per_second, "more")
        flowed = await _flow(settings, flow)
        await _settled(repository, wanted.partitions, wanted.pages + total, children)
        await _require_latest(settings, customers, wanted.within_seconds)
        said = await _said(repository, customers, wanted.partitions) - known
        await _require_said(feed, said, wanted.within_seconds)
    waits = waits_of(notices.seen, customers, wanted.within_seconds)
    return Watched(
        pages=wanted.pages,
        asked_per_second=wanted.orders_per_second,
        orders_per_second=round(flowed.orders / flowed.seconds, 1),
        orders=flowed.orders,
        commits=len(waits),
        p50_ms=part_of(waits, 0.5),
        p99_ms=part_of(waits, 0.99),
        longest_ms=part_of(waits, 1.0),
        said=len(said),
        reopened=sum(page.opened - 1 for page in [*customers, feed]),
    )


def _processes(settings: Settings, workers: int, folder: Path) -> list[Child]:
    environment = environment_of(settings)
    commands = [*(["worker", "--from", "earliest"] for _ in range(workers)), ["api"]]
    return [
        Child.start(f"{settings.name}-{number}-{command[0]}", command, environment, folder)
        for number, command in enumerate(commands)
    ]


async def _flow(settings: Settings, flow: Flow) -> Flowed:
    command = [sys.executable, "-m", "bench.order_flow", msgspec.json.encode(flow).decode()]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=subprocess.PIPE)
    try:
        answer, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, "bench.order_flow")
    return msgspec.json.decode(answer, type=Flowed)


@asynccontextmanager
async def _open(pages: Sequence[Page]) -> AsyncIterator[None]:
    """Return when each page has been shown something."""
    tasks = [asyncio.create_task(page.follow()) for page in pages]
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*(page.is_shown.wait() for page in pages))
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _settled(repository: RedisRepository, partitions: int, records: int, children: Sequence[Child]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            for child in children:
                child.check()
            standing = await look(repository, partitions)
            if standing.taken == records and await is_settled(repository, standing):
                return
            await asyncio.sleep(LOOK_EVERY_SECONDS)


async def _require_latest(settings: Settings, pages: Sequence[CustomerPage], within_seconds: float) -> None:
    """Return when the last event of every page is what GET answers. Raises `LostUpdateError`."""
    gives_up_at = time.monotonic() + within_seconds
    behind = list(pages)
    while behind:
        behind = [page for page in behind if await asyncio.to_thread(_differs, settings, page)]
        if behind and time.monotonic() > gives_up_at:
            raise LostUpdateError(f"{len(behind)} pages do not show what GET answers, such as {behind[0].customer_id}")
        await asyncio.sleep(LOOK_EVERY_SECONDS)


def _differs(settings: Settings, page: CustomerPage) -> bool:
    url = f"http://127.0.0.1:{settings.api_port}/v1/customers/{quote(page.customer_id)}"
    with urllib.request.urlopen(url, timeout=20) as answer:
        return bool(_timeless(json.load(answer)) != _timeless(page.latest))


def _timeless(view: Body) -> Body:
    return {name: value for name, value in view.items() if name != "as_of"}


async def _said(repository: RedisRepository, pages: Sequence[CustomerPage], partitions: int) -> set[str]:
    """Return what is kept of what was said about the watched."""
    ids = [page.customer_id for page in pages]
    told = [await repository.told(partition_of(i.encode(), partitions), i) for i in ids]
    return {said_key(json.loads(body)) for bodies in told for body in bodies}


async def _require_said(feed: FeedPage, said: set[str], within_seconds: float) -> None:
    gives_up_at = time.monotonic() + within_seconds
    while missing := [one for one in said if feed.said[one] != 1]:
        if time.monotonic() > gives_up_at:
            first = f"this one {feed.said[missing[0]]} times: {missing[0]}"
            raise LostUpdateError(f"{len(missing)} things said are not on the feed once, {first}")
        await asyncio.sleep(LOOK_EVERY_SECONDS)


def waits_of(notices: Sequence[Seen], pages: Sequence[CustomerPage], within_seconds: float) -> list[float]:
    """Return how long each commit of a watched customer took to arrive, in rising order.

    Raises `LostUpdateError` for a late one.
    """
    by_id = {page.customer_id: page for page in pages}
    waits = []
    for seen in notices:
        shown_at = by_id[seen.customer_id].shown_at(seen.offset)
        wait = float("inf") if shown_at is None else max(0.0, shown_at - seen.at)
        if wait > within_seconds:
            raise LostUpdateError(f"{seen.customer_id}: offset {seen.offset} was shown {wait:.1f} s after its commit")
        waits.append(wait)
    if not waits:
        raise LostUpdateError("no commit of a watched customer was noticed, so nothing was measured")
    return sorted(waits)


def part_of(waits: Sequence[float], part: float) -> float:
    """Return that quantile of rising waits, in milliseconds."""
    return round(1000 * waits[min(len(waits) - 1, int(part * len(waits)))], 1)
