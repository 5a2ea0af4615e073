"""Logs with something odd in them: a key that is missing, a customer who is erased, a line that is no record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from replay.from_log import replay_log
from replay.log_file import LogFileError
from replay.write import FILES
from schemas.program import Program
from tests.builders import a_consent, a_record, an_erasure, an_order
from tests.unit.replay.log_files import HOUR, MARCH, lines_of, write_log


def test_a_missing_key_is_the_customer_and_a_null_key_is_none(tmp_path: Path) -> None:
    order = an_order("o-1", "1.00")
    path = write_log(tmp_path / "log.jsonl", [a_record(order, MARCH), a_record(order, MARCH, key=None)])
    summary = replay_log(path, tmp_path / "out", Program())
    assert (summary.applied, summary.dead) == (1, {"key_mismatch": 1})


def test_nothing_is_said_of_who_is_erased_later(tmp_path: Path) -> None:
    records = [
        a_record(a_consent(), MARCH),
        a_record(an_order("o-1", "600.00"), MARCH),
        a_record(an_order("o-2", "700.00", customer_id="c-2"), MARCH),
        a_record(an_erasure("2017-03-02T12:00:00Z"), MARCH + 24 * HOUR),
    ]
    summary = replay_log(write_log(tmp_path / "log.jsonl", records), tmp_path, Program())
    assert (summary.customers, summary.erased) == (1, 2)
    for name in FILES:
        assert [line for line in lines_of(tmp_path, name) if line.get("customer_id", line.get("key")) == "c-1"] == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"topic": "retail.orders.v1", "timestamp": 1, "value": {"a": }}', "line 2: "),
        ('{"timestamp": 1, "value": {}}', "line 2: .*topic"),
        ('{"topic": "retail.order.v1", "timestamp": 1, "value": {}}', "line 2: unknown topic 'retail.order.v1'"),
        ('{"topic": "retail.orders.v1", "timestamp": "noon", "value": {}}', "line 2: "),
    ],
)
def test_a_line_that_is_no_record_is_named(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps(a_record(a_consent(), MARCH)) + "\n" + line + "\n", encoding="utf-8")
    with pytest.raises(LogFileError, match=words):
        replay_log(path, tmp_path / "out", Program())
