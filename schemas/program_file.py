"""Reads ``program.yaml``. Errors name file, key and value, and say what would be right."""

from pathlib import Path

from schemas.program import Program
from schemas.yaml_file import YamlFile, YamlFileError


class ProgramFileError(YamlFileError):
    """The rules file is not a program. The text has one line per mistake.

    Operator action: correct the lines it names, then start again.
    """


def load_program(path: Path) -> Program:
    """Return the program in the file; an empty file is the shipped program. Raises ProgramFileError."""
    return _FILE.load(path)


def read_program(text: str, name: str = "program.yaml") -> Program:
    """Return the program that ``text`` says; ``name`` is what errors call the file. Raises ProgramFileError."""
    return _FILE.read(text, name)


_EXAMPLES = {
    "version": "1", "currency": "USD", "time_zone": "Europe/Berlin", "rolling_days": "365", "term_days": "365",
    "grace_days": "30", "within_days": "60", "debounce_hours": "24", "name": "silver", "spend": "1000", "orders": "4",
    "salt": "tierline", "share": "0.05", "per_day": "1", "per_week": "3", "per_kind_and_week": "1", "holdout": "0.1",
    "valid_days": "14", "incentive_percent": "10", "at": "0.90", "rearm_below": "0.85", "warn_days": "[30, 7]",
    "k": "6", "word": "Active", "rules": "[{name: VIP, all: {r: 4-5}}, {name: Others}]",
    "personas": "[{word: Active, r: 3-5}, {word: Dormant, r: 1-2}]",
    "frequency_top": "0.40", "aov_bottom": "0.40", "monetary_top": "0.20", "aov_top": "0.20",
    "levels": "[{name: bronze}, {name: silver, spend: 500, orders: 4}]",
}  # fmt: skip
_FILE = YamlFile(Program, ProgramFileError, _EXAMPLES)
