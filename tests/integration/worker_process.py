"""A real worker as a child process, for the tests that kill it. Run as `python -m tests.integration.worker_process`."""

import json
import logging
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from schemas.program import Program
from streams.seldom import limit_repetitions
from streams.worker import run_worker
from streams.worker_config import WorkerConfig
from tests.processes import handles

ROOT = Path(__file__).parents[2]
HEEDS_WITHIN_SECONDS = 60


@dataclass(slots=True)
class WorkerProcess:
    """One child; `errors` is the file that takes its standard error."""

    options: dict[str, object]
    errors: Path
    module: str = "tests.integration.worker_process"
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    def start(self) -> None:
        """Start it, after an earlier one ended."""
        command = [sys.executable, "-m", self.module, json.dumps(self.options)]
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen(command, cwd=ROOT, stderr=errors, stdout=errors)

    def signal_kill(self) -> None:
        """Let the kernel end it now; `kill` waits until it has."""
        assert self.process is not None
        self.process.kill()

    def kill(self) -> None:
        """End it without a chance to say good-bye."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def pause(self) -> None:
        """Let the kernel keep it from running."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it run again."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def terminate(self, timeout_seconds: float = 20) -> int:
        """Ask it to end and return its exit code; one that has only just started is waited for."""
        assert self.process is not None
        gives_up_at = time.monotonic() + HEEDS_WITHIN_SECONDS
        while self.process.poll() is None and not handles(self.process.pid, signal.SIGTERM):
            assert time.monotonic() < gives_up_at, f"it does not heed SIGTERM: {self.said[-1500:]}"
            time.sleep(0.02)
        self.process.terminate()
        return self.process.wait(timeout_seconds)

    @property
    def said(self) -> str:
        """What it wrote."""
        return self.errors.read_text() if self.errors.exists() else ""


def config_of(options: dict[str, object]) -> WorkerConfig:
    """Return the configuration that the JSON describes."""
    rest = {key: value for key, value in options.items() if key not in {"kafka", "program", "log_level", "wall"}}
    return WorkerConfig(
        kafka={"bootstrap_servers": options["kafka"]},
        program=Program.model_validate(options.get("program", {})),
        wall_now=lambda: time.time_ns() // 1000,
        **rest,  # type: ignore[arg-type]
    )


def main() -> int:
    """Work until told to stop."""
    options = json.loads(sys.argv[1])
    logging.basicConfig(level=options.get("log_level", "INFO"), format="%(asctime)s %(name)s %(message)s")
    limit_repetitions(logging.getLogger().handlers[0])
    return run_worker(config_of(options))


if __name__ == "__main__":
    sys.exit(main())
