"""What one claim saw: plain counters that the engine raises and the metrics read."""

from bisect import bisect_left
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final, TypeVar

from schemas.instants import Instant
from schemas.record import LogRecord

SENT_AT: Final = "tl_sent_at"
Result = TypeVar("Result")
VISIBLE_BOUNDS: Final = (*(round(0.0005 * 1.25**n, 6) for n in range(52)), float("inf"))
"""Half a millisecond to some 50 seconds, each a quarter more than the one before."""
_VISIBLE_SECONDS_MAX: Final = 366 * 86_400.0
"""Who says to have sent a record earlier, or never, or says no number, must not spoil the sum for ever."""


@dataclass(slots=True)
class Observed:
    """Counters and stage timings since the worker began; shared by the claims of one partition."""

    steps: int = 0
    steps_repeated: int = 0
    records: int = 0
    commits: int = 0
    refused_commits: int = 0
    claims: int = 0
    rebuilds: int = 0
    contradictions: int = 0
    """Rebuilds because the store held another history than the journal."""
    untrimmed_entries: int = 0
    """Outbox entries that claims found published already: a worker ended between a transaction and its trim."""
    relayed_entries: int = 0
    relayed_outputs: int = 0
    relay_rounds: int = 0
    last_relay_at: float = 0.0
    last_sweep_at: float = 0.0
    sampled_day: int | None = None
    """The day of the partition's clock for which every customer was sampled."""
    samples: int = 0
    last_sampled_at: float = 0.0
    stage_seconds: dict[str, float] = field(default_factory=dict)
    visible: dict[float, int] = field(default_factory=dict)
    """Records by how long they took from `tl_sent_at` to their commit; upper bounds in seconds."""
    visible_seconds: float = 0.0

    def saw(self, records: Sequence[LogRecord], now: Callable[[], Instant]) -> None:
        """Count how long records took that say when they were sent (header `tl_sent_at`, seconds as text)."""
        for record in records:
            for name, value in record.headers:
                if name == SENT_AT and value is not None:
                    with suppress(ValueError):
                        self._note_visible(max(0.0, now() / 1_000_000 - float(value)))

    def _note_visible(self, seconds: float) -> None:
        if not seconds <= _VISIBLE_SECONDS_MAX:
            return
        bound = VISIBLE_BOUNDS[bisect_left(VISIBLE_BOUNDS, seconds)]
        self.visible[bound] = self.visible.get(bound, 0) + 1
        self.visible_seconds += seconds

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the time spent inside, where nothing is awaited, to a stage's.

        By the clock, not by the CPU: to ask for a thread's CPU time is a call of the kernel, ten times as dear, and it
        was a tenth of a worker's time at 500 orders a second.
        """
        began_at = perf_counter()
        try:
            yield
        finally:
            self._spent(stage, began_at)

    def worked(self, stage: str, work: Coroutine[object, None, Result]) -> Awaitable[Result]:
        """Return ``work``, whose own running time adds to a stage's; what others do while it waits does not count."""
        return _Worked(work, lambda began_at: self._spent(stage, began_at))

    def _spent(self, stage: str, began_at: float) -> None:
        self.stage_seconds[stage] = self.stage_seconds.get(stage, 0.0) + perf_counter() - began_at


class _Worked(Generator[object, None, Result]):
    """A coroutine under a stopwatch that runs only while the coroutine does."""

    def __init__(self, work: Coroutine[object, None, Result], spent: Callable[[float], None]) -> None:
        self._work = work
        self._spent = spent

    def __await__(self) -> Generator[object, None, Result]:
        return self

    def send(self, value: None) -> object:
        """Run it up to its next wait."""
        began_at = perf_counter()
        try:
            return self._work.send(value)
        finally:
            self._spent(began_at)

    def throw(self, *error: object) -> object:
        """Let an error or a cancellation come out where it waits."""
        began_at = perf_counter()
        try:
            return self._work.throw(*error)  # type: ignore[call-overload]
        finally:
            self._spent(began_at)

    def close(self) -> None:
        """End it."""
        self._work.close()
