"""Log files as a replay reads them, and the lines that it writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

Json = dict[str, object]
MARCH = 1_488_369_600_000  # 2017-03-01T12:00:00Z
HOUR = 3_600_000


def write_log(path: Path, records: Sequence[Json]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def lines_of(folder: Path, name: str) -> list[Json]:
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
