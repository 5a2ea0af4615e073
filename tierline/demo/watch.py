"""Watching the year play: a progress bar with rate, lag and time left, until nothing is left to do."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from state.redis_repository import RedisRepository
from tierline.console import err, note
from tierline.demo.feed import FeedProgress
from tierline.demo.standing import Standing, is_settled, look

LOOK_EVERY_SECONDS = 0.25
PLAIN_EVERY_SECONDS = 5.0
"""Where stderr is no terminal, one line so often instead of a bar."""
STALLED_AFTER_SECONDS = 60.0
QUIET_SECONDS = 2.0
"""No model for so long: the trainer has seen every sample."""


class StalledError(Exception):
    """The workers live, but take nothing any more."""


async def wait_until_started(repository: RedisRepository, partitions: int, check: Callable[[], None]) -> None:
    """Return when a worker has taken the first step of every partition; raises like ``watch``."""
    gives_up_at = time.monotonic() + STALLED_AFTER_SECONDS
    while len((await look(repository, partitions)).metas) < partitions:
        check()
        if time.monotonic() > gives_up_at:
            raise StalledError("No worker took up its partitions within a minute.")
        await asyncio.sleep(LOOK_EVERY_SECONDS)


async def wait_until_learnt(
    repository: RedisRepository,
    partitions: int,
    newest_model: Callable[[], Awaitable[int]],
    check: Callable[[], None],
) -> Standing:
    """Return the standing once the newest model is in force everywhere and no newer one came for a while."""
    gives_up_at = time.monotonic() + STALLED_AFTER_SECONDS
    last, since = (-1, -1), time.monotonic()
    while time.monotonic() < gives_up_at:
        check()
        newest, standing = await newest_model(), await look(repository, partitions)
        is_done = standing.has_adopted(newest) and await is_settled(repository, standing)
        if not is_done or (newest, standing.steps) != last:
            last, since = (newest, standing.steps), time.monotonic()
        elif time.monotonic() - since > QUIET_SECONDS:
            return standing
        await asyncio.sleep(LOOK_EVERY_SECONDS)
    raise StalledError("The newest model was not adopted by every partition within a minute.")


async def watch(repository: RedisRepository, partitions: int, feed: FeedProgress, check: Callable[[], None]) -> float:
    """Return the seconds until everything was taken, decided and published.

    ``check`` is called at every look and raises if a process is gone; ``StalledError`` if nothing moves for a minute.
    """
    with _Bar(feed) as bar:
        last_taken, moved_at = -1, time.monotonic()
        while True:
            check()
            standing = await look(repository, partitions)
            now = time.monotonic()
            bar.update(standing.taken, now)
            if standing.taken != last_taken:
                last_taken, moved_at = standing.taken, now
            if feed.is_done and standing.taken >= feed.total and await is_settled(repository, standing):
                return now - feed.began_at
            if now - moved_at > STALLED_AFTER_SECONDS:
                raise StalledError(f"{standing.taken:,} of {feed.sent:,} sent records were taken, then nothing moved.")
            await asyncio.sleep(LOOK_EVERY_SECONDS)


class _Bar(AbstractContextManager["_Bar"]):
    """A bar on a terminal, lines elsewhere."""

    def __init__(self, feed: FeedProgress) -> None:
        self._feed = feed
        self._said_at = time.monotonic()
        self._progress = Progress(
            TextColumn("the year"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[words]}"),
            console=err,
            transient=True,
            disable=not err.is_terminal,
        )
        self._task: TaskID = self._progress.add_task("", total=feed.total, words="")

    def __enter__(self) -> "_Bar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self, taken: int, now: float) -> None:
        """Show how far the workers are."""
        feed = self._feed
        elapsed = now - feed.began_at if feed.began_at else 0.0
        rate = taken / elapsed if elapsed > 0 else 0.0
        left = f"{(feed.total - taken) / rate:>4.0f} s left" if rate > 0 else "   … s left"
        words = f"{rate:>7,.0f}/s · lag {max(0, feed.sent - taken):>6,} · {left}"
        self._progress.update(self._task, completed=taken, words=words)
        if not err.is_terminal and now - self._said_at > PLAIN_EVERY_SECONDS:
            self._said_at = now
            note(f"{taken:,} of {feed.total:,} · {words}")
