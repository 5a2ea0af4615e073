"""What a library repeats is logged once in a while, with a count; what we say is always logged."""

import io
import logging

import pytest

from streams.seldom import Seldom


class Logs:
    """A logger of some library, on a handler of its own and a clock that the test moves."""

    def __init__(self, name: str) -> None:
        self.now = 0.0
        self._stream = io.StringIO()
        handler = logging.StreamHandler(self._stream)
        handler.addFilter(Seldom(now=lambda: self.now))
        self.logger = logging.getLogger(name)
        self.logger.handlers, self.logger.propagate = [handler], False

    @property
    def lines(self) -> list[str]:
        return self._stream.getvalue().splitlines()


def test_a_library_says_the_same_once_in_ten_seconds_and_how_often_it_wanted_to() -> None:
    logs = Logs("aiokafka.conn.test")
    for moment in range(25):
        logs.now = moment * 1.0
        logs.logger.error("Unable to connect to node %s", moment)
    assert logs.lines == [
        "Unable to connect to node 0",
        "Unable to connect to node 10 (and 9 more like it)",
        "Unable to connect to node 20 (and 9 more like it)",
    ]


def test_another_message_is_not_held_back() -> None:
    logs = Logs("kafka.admin.test")
    logs.logger.warning("one")
    logs.logger.warning("two")
    assert logs.lines == ["one", "two"]


def test_a_stack_trace_of_a_library_becomes_one_line() -> None:
    logs = Logs("mode.test")
    try:
        raise OSError("gone")
    except OSError:
        logs.logger.exception("crashed\nhere")
    assert logs.lines == ["crashed: OSError('gone')"]


@pytest.mark.parametrize("name", ["tierline.worker.test", "uvicorn.test"])
def test_what_others_say_always_passes(name: str) -> None:
    logs = Logs(name)
    for _ in range(3):
        logs.logger.error("the same")
    assert logs.lines == ["the same"] * 3
