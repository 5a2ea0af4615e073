"""Processes of Tierline itself, started by the demo: they never outlive it."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tierline.console import CommandError, note

STOP_TIMEOUT_SECONDS = 15.0
_PR_SET_PDEATHSIG = 1
_LOG_LINES_SHOWN = 8


@dataclass(slots=True)
class Child:
    """One ``tierline`` command as a process, its log in a file."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    log_path: Path
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, name: str, arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> Self:
        """Start ``tierline ARGUMENTS`` with exactly this environment; it dies with this process.

        Call it from the main thread: Linux ties a child to the thread that started it.
        """
        log_path = folder / f"{name}.log"
        return cls(name, arguments, environment, log_path, _started(arguments, environment, log_path))

    def keep_up(self) -> None:
        """Start it again if somebody ended it; raise ``CommandError`` with the end of its log if it gave up by itself.

        Call it from the main thread.
        """
        code = self.process.poll()
        if code is None:
            return
        if code > 0:
            self.check()
        how = "asked to end" if code == 0 else f"ended by {signal.Signals(-code).name}"
        note(f"The {self.name} was {how}: it is started again.")
        self.process = _started(self.arguments, self.environment, self.log_path)

    def check(self) -> None:
        """Raise ``CommandError`` with the end of its log if the process is gone."""
        code = self.process.poll()
        if code is not None:
            raise CommandError(f"The {self.name} ended with exit code {code}. Its log ends with:\n{self.log_tail()}")

    def log_tail(self) -> str:
        """Return the last lines that it wrote."""
        return "\n".join(self.log_path.read_text("utf-8", errors="replace").splitlines()[-_LOG_LINES_SHOWN:])

    def ask_to_stop(self) -> None:
        """Send SIGTERM."""
        if self.process.poll() is None:
            self.process.terminate()

    def stop(self) -> None:
        """Wait until it ended, at most 15 s, then kill it."""
        self.ask_to_stop()
        try:
            self.process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def stop_all(children: list[Child]) -> None:
    """Stop them together: each gets its signal before the first is waited for."""
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.stop()


def _started(arguments: Sequence[str], environment: Mapping[str, str], log_path: Path) -> "subprocess.Popen[bytes]":
    parent = os.getpid()
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def die_with_parent() -> None:
        if libc is not None:
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)

    with log_path.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "tierline.cli", *arguments],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509  # No thread of ours holds a lock here.
        )
