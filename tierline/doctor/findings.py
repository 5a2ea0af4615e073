"""What the doctor finds."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "failure"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``advice`` says what to do; empty where nothing is to be done."""

    part: Literal["settings", "program", "kafka", "topics", "redis"]
    level: Level
    text: str
    advice: str = ""


def ok(part: Literal["settings", "program", "kafka", "topics", "redis"], text: str) -> Finding:
    """Return that this is as it should be."""
    return Finding(part, "ok", text)
