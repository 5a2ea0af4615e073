"""`tierline worker`, `trainer` and `api` as an operator starts them: child processes, set by the environment."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Running:
    """One process; ``log`` takes all that it writes."""

    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def said(self) -> str:
        """What it wrote."""
        return self.log.read_text("utf-8")

    def terminate(self, timeout_seconds: float = 30) -> int:
        """Ask it to end and return its exit code."""
        self.process.terminate()
        return self.process.wait(timeout_seconds)


@contextmanager
def running(command: str, settings: Mapping[str, str], log: Path) -> Iterator[Running]:
    """Start one, and kill it at the end where it still runs."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIERLINE_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tierline.cli", command],
            cwd=ROOT, env={**environment, **settings}, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        yield Running(process, log)
    finally:
        process.kill()
        process.wait()


def until(is_so: Callable[[], bool], what: Callable[[], str], within_seconds: float = 60) -> None:
    """Return once it is so; fail with ``what`` after a while."""
    gives_up_at = time.monotonic() + within_seconds
    while not is_so():
        assert time.monotonic() < gives_up_at, what()
        time.sleep(0.2)
