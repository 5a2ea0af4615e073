"""A wall clock that a test sets, for real worker processes: it may run fast, stand still, or jump.

It is a file that says what the wall showed at an instant of Linux's monotonic clock, which all processes share.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

LOOKS_EVERY_SECONDS: Final = 0.01


class Wall:
    """Reads, and for the test also sets, the clock in the file at ``path``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._looks_at = 0.0
        self._began_at = self._showed = self.speed = 0.0

    def now(self) -> float:
        """Return the seconds since 1970 that it shows; what was set counts within 10 ms."""
        mono = time.monotonic()
        if mono >= self._looks_at:
            self._looks_at = mono + LOOKS_EVERY_SECONDS
            self._began_at, self._showed, self.speed = map(float, self.path.read_text("ascii").split())
        return self._showed + (mono - self._began_at) * self.speed

    def now_us(self) -> int:
        """Return the same in microseconds."""
        return int(self.now() * 1_000_000)

    def put(self, at: float, speed: float) -> None:
        """Let it show ``at`` now, and go on so many times as fast as real time."""
        unfinished = self.path.with_suffix(".new")
        unfinished.write_text(f"{time.monotonic()!r} {at!r} {speed!r}", "ascii")
        unfinished.replace(self.path)
        self._looks_at = 0.0

    def jump(self, seconds: float) -> None:
        """Let it show that much more, or less."""
        self.put(self.now() + seconds, self.speed)

    def stop(self) -> int:
        """Let it stand still; return the microseconds that it shows from now on."""
        at = self.now()
        self.put(at, 0)
        return int(at * 1_000_000)
