"""One server as a child process that never outlives us."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from secrets import randbelow
from types import TracebackType
from typing import ClassVar, Self

PORTS = range(15_000, 32_000)
"""Below Linux' ephemeral range: no outgoing connection can take a port while its server is down."""

READY_POLL_SECONDS = 0.02
PR_SET_PDEATHSIG = 1
LOG_LINES_SHOWN = 5

# Linux ties a child to the *thread* that started it, so the one that starts servers has to live as long as we do.
_spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedded-spawner")


class EmbeddedError(RuntimeError):
    """An embedded server cannot start, or is not running.

    Operator action: what the text says; the server's own log stands in its folder.
    """


class EmbeddedServer(ABC):
    """A server in a folder of its own: data, configuration and log.

    Everything it holds survives ``stop``, ``kill`` and ``restart``, also in another process given the same folder.
    """

    name: ClassVar[str]

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log_path(self) -> Path:
        """The file that takes the server's stdout and stderr, of all its starts."""
        return self.folder / f"{self.name}.log"

    @property
    def running(self) -> bool:
        """Whether the process lives (not whether it answers)."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process id; EmbeddedError when it does not run."""
        if self._process is None or self._process.poll() is not None:
            raise EmbeddedError(f"{self.name} in {self.folder} is not running: call start() first.")
        return self._process.pid

    def start(self, timeout_seconds: float = 60.0) -> Self:
        """Return when the server answers; EmbeddedError when it died or did not answer in time."""
        if self.running:
            raise EmbeddedError(f"{self.name} in {self.folder} runs already as process {self.pid}.")
        self.folder.mkdir(parents=True, exist_ok=True)
        command = self._prepare()
        self._process = _spawner.submit(spawn, command, self.folder, self.log_path).result()
        try:
            self._await_ready(timeout_seconds)
        except BaseException:
            self.kill()
            raise
        return self

    def stop(self, timeout_seconds: float = 20.0) -> None:
        """End it in order (SIGTERM); one that does not end in time is killed. Nothing to do when it does not run."""
        if self._process is None:
            return
        self._process.terminate()
        self._process.send_signal(signal.SIGCONT)
        try:
            self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End it at once (SIGKILL), as a power cut would. Nothing to do when it does not run."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self, timeout_seconds: float = 60.0) -> Self:
        """Stop it if it runs, then start it on the same ports and data."""
        self.stop()
        return self.start(timeout_seconds)

    def __enter__(self) -> Self:
        return self if self.running else self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def log_tail(self, lines: int = LOG_LINES_SHOWN) -> str:
        """The last lines that the server wrote."""
        if not self.log_path.exists():
            return ""
        return "\n".join(self.log_path.read_text("utf-8", errors="replace").splitlines()[-lines:])

    def _await_ready(self, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while not self._is_ready():
            if not self.running:
                raise EmbeddedError(f"{self.name} died while starting. {self._where_to_look()}")
            if time.monotonic() > deadline:
                raise EmbeddedError(f"{self.name} did not answer within {timeout_seconds:g} s. {self._where_to_look()}")
            time.sleep(READY_POLL_SECONDS)

    def _where_to_look(self) -> str:
        return f"Its log is {self.log_path}; it ends with:\n{self.log_tail()}"

    @abstractmethod
    def _prepare(self) -> Sequence[str]:
        """Write what the server reads at start, and return its command line."""

    @abstractmethod
    def _is_ready(self) -> bool:
        """Whether this very server answers; never raises for one that does not yet."""


def spawn(command: Sequence[str], folder: Path, log_path: Path) -> subprocess.Popen[bytes]:
    """Start ``command`` so that it dies with us, hears no Ctrl-C of our terminal and inherits no environment."""
    parent = os.getpid()
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def die_with_parent() -> None:  # runs between fork and exec: system calls only, no locks
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)

    with log_path.open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=folder,
            env={"LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509
        )


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    for _ in range(200):
        port = PORTS[randbelow(len(PORTS))]
        if port_is_free(port):
            return port
    raise EmbeddedError(f"No free port on 127.0.0.1 in {PORTS.start}-{PORTS.stop}: end the programs that hold them.")


def port_is_free(port: int) -> bool:
    """Whether a server could listen on ``port`` of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def port_answers(port: int) -> bool:
    """Whether something accepts connections on ``port`` of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0
