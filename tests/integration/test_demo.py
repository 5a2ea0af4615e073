"""The demo as a user runs it: it adds up, and it leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.processes import descendants, is_alive

READY_TIMEOUT_SECONDS = 90


def _demo(*options: str, cwd: Path) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIERLINE_")}
    return subprocess.Popen(
        [sys.executable, "-m", "tierline.cli", "demo", *options],
        env={**environment, "TMPDIR": str(cwd)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def _wait_until_gone(pids: set[int]) -> set[int]:
    deadline = time.monotonic() + 60
    left = {pid for pid in pids if is_alive(pid)}
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = {pid for pid in left if is_alive(pid)}
    return left


@pytest.mark.timeout(240)
def test_a_quick_look_adds_up_to_the_cent(tmp_path: Path) -> None:
    demo = _demo("--speed", "max", "--baskets", "3000", "--exit", "--json", cwd=tmp_path)
    out, err = demo.communicate(timeout=220)
    assert demo.returncode == 0, err
    summary = json.loads(out)
    assert summary["orders_in"] == 3_000
    assert summary["records_in"] == summary["applied"] == 3_000 + 2_395
    assert summary["reconciles"] is True
    assert all(check["expected"] == check["found"] for check in summary["checks"])
    assert sum(summary["customers_by_tier"].values()) == 2_435  # 2,395 that consented, 40 silent ones that bought
    assert summary["visible_p99_ms"] > 0
    assert not list(tmp_path.glob("tierline-demo-*"))


@pytest.mark.timeout(240)
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_the_demo_ends_its_processes(ending: signal.Signals, tmp_path: Path) -> None:
    demo = _demo("--speed", "3600", cwd=tmp_path)
    deadline = time.monotonic() + READY_TIMEOUT_SECONDS
    started: set[int] = set()
    while len(started) < 5 and time.monotonic() < deadline:  # Kafka, Valkey, two workers, the API.
        assert demo.poll() is None, demo.communicate()[1]
        time.sleep(0.1)
        started = descendants(demo.pid)
    assert len(started) >= 5
    time.sleep(1.0)  # Into the feed: the hardest moment to end at.
    demo.send_signal(ending)
    _, err = demo.communicate(timeout=60)
    assert _wait_until_gone(started) == set()
    if ending is not signal.SIGKILL:
        assert demo.returncode == 1
        assert "Traceback" not in err
        assert not list(tmp_path.glob("tierline-demo-*"))
