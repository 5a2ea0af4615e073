"""What a library repeats is logged seldom: aiokafka says the same a hundred times a second while a broker is down."""

import logging
import re
import time
from collections.abc import Callable
from typing import Final

LIBRARIES: Final = ("aiokafka", "kafka", "faust", "mode", "asyncio")
EVERY_SECONDS: Final = 10.0
_NUMBERS: Final = re.compile(r"\d+")


class Seldom(logging.Filter):
    """Lets one message of a library pass every ten seconds, with the number of those held back; ours pass untouched.

    Messages that differ in numbers or arguments alone are the same. Their stack traces become one line: what they mean
    for us comes as an error of our own. Belongs on a handler, for a logger's filter does not see its children.
    """

    def __init__(self, every_seconds: float = EVERY_SECONDS, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._every_seconds = every_seconds
        self._now = now
        self._passed_at: dict[tuple[str, str], float] = {}
        self._held: dict[tuple[str, str], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the record is to be logged."""
        if record.name.partition(".")[0] not in LIBRARIES:
            return True
        said, now = (record.name, _NUMBERS.sub("#", str(record.msg))), self._now()
        if now - self._passed_at.get(said, -self._every_seconds) < self._every_seconds:
            self._held[said] = self._held.get(said, 0) + 1
            return False
        self._passed_at[said] = now
        record.msg, record.args = _in_one_line(record, self._held.pop(said, 0)), ()
        return True


def limit_repetitions(handler: logging.Handler) -> None:
    """Let ``handler`` log warnings and errors of the libraries, seldom."""
    handler.addFilter(Seldom())
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
    # kafka-python only answers questions of ours: whatever goes wrong there is raised, too.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)


def _in_one_line(record: logging.LogRecord, held: int) -> str:
    lines = record.getMessage().splitlines()
    text = lines[0] if lines else ""
    if record.exc_info and record.exc_info[1] is not None:
        text = f"{text}: {record.exc_info[1]!r}"
    record.exc_info = record.exc_text = record.stack_info = None
    return f"{text} (and {held} more like it)" if held else text
