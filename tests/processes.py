"""Processes that a test did not start itself: the children of a command, as Linux lists them."""

from contextlib import suppress
from pathlib import Path


def descendants(pid: int) -> set[int]:
    """Return the ids of all processes below ``pid``; a thread that ends meanwhile has none."""
    found: set[int] = set()
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):
            for child in map(int, children.read_text().split()):
                found |= {child} | descendants(child)
    return found


def is_alive(pid: int) -> bool:
    """Tell whether it runs; one that is only still listed does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def running(pid: int, command: str) -> int:
    """Return the id of the first process below ``pid`` that runs ``tierline COMMAND``."""
    for child in sorted(descendants(pid)):
        words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        if words[1:4] == [b"-m", b"tierline.cli", command.encode()] and is_alive(child):
            return child
    raise AssertionError(f"no tierline {command} runs")


def handles(pid: int, number: int) -> bool:
    """Tell whether it has a handler for the signal; what has only just started ends by it without a word."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("SigCgt:"):
            return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    raise AssertionError(f"Linux does not say which signals process {pid} handles")
