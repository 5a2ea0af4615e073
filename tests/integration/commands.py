"""`tierline` as a user runs it: a process of its own, with exactly these settings."""

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import NamedTuple


class Done(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


def tierline(*arguments: str, settings: Mapping[str, str]) -> Done:
    """Run it to its end; no stack trace is ever right."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIERLINE_")}
    done = subprocess.run(
        [sys.executable, "-m", "tierline.cli", *arguments],
        env={**environment, **settings, "COLUMNS": "250"}, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)
