"""A worker stops when nearly everything is bad, and not before it has seen enough."""

import sys
import tracemalloc
from types import FrameType

import pytest

from streams.bad_input import BadInputLimit
from streams.ports import StopError


def after(limit: BadInputLimit, *rounds: tuple[int, int], partition: int = 0) -> None:
    """Let the limit see rounds of (records, dead letters among them)."""
    records = dead = 0
    limit.begin(partition, 0, {})
    for more, bad in rounds:
        records, dead = records + more, dead + bad
        counters = {"dead:unknown_type": dead - dead // 10, "dead:malformed_json": dead // 10, "applied": 5}
        limit.look(partition, records, counters)


def test_nine_in_ten_bad_records_stop_the_worker_and_the_reason_is_named() -> None:
    with pytest.raises(StopError, match=r"dead letters, 82 of them unknown_type.*TIERLINE_DEAD_LETTER_LIMIT=0"):
        after(BadInputLimit(0.9, 100), (50, 45), (50, 46))


def test_a_bad_beginning_is_not_yet_a_verdict() -> None:
    after(BadInputLimit(0.9, 100), (99, 99))


def test_what_was_good_long_ago_does_not_count() -> None:
    limit = BadInputLimit(0.9, 100)
    with pytest.raises(StopError, match="100 of the last 100"):
        after(limit, (500, 0), *[(10, 10)] * 10)


def test_fewer_bad_ones_than_the_limit_go_to_the_dead_letters_quietly() -> None:
    after(BadInputLimit(0.9, 100), *[(10, 8)] * 50)


def test_partitions_are_judged_together() -> None:
    limit = BadInputLimit(0.9, 100)
    after(limit, (60, 60))
    with pytest.raises(StopError):
        after(limit, (60, 60), partition=1)


def test_zero_switches_it_off() -> None:
    after(BadInputLimit(0.0, 100), *[(100, 100)] * 5)


def test_what_is_repeated_along_the_journal_was_judged_before() -> None:
    limit = BadInputLimit(0.9, 100)
    limit.begin(0, 0, {})
    limit.begin(0, 5000, {"dead:unknown_type": 5000})
    limit.look(0, 5050, {"dead:unknown_type": 5050})


def test_rounds_without_records_leave_nothing_behind() -> None:
    limit = BadInputLimit(0.9, 100)
    limit.begin(0, 0, {})
    tracemalloc.start()
    try:
        for _ in range(1000):
            limit.look(0, 0, {})
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 10_000


def test_a_look_does_not_go_through_what_was_seen_before() -> None:
    few, many = calls_of_a_look(after_rounds=10), calls_of_a_look(after_rounds=10_000)
    assert many == few


def calls_of_a_look(after_rounds: int) -> int:
    """Return how many calls a look makes at a limit that so many rounds of one record have filled."""
    limit = BadInputLimit(0.9, after_rounds)
    limit.begin(0, 0, {})
    for records in range(1, after_rounds + 1):
        limit.look(0, records, {"dead:unknown_type": records // 2})
    calls = 0

    def count(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        limit.look(0, after_rounds + 1, {"dead:unknown_type": after_rounds // 2})
    finally:
        sys.setprofile(None)
    return calls
