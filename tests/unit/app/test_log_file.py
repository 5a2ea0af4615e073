"""Log files: what is written is read again, and a bad line is named."""

from pathlib import Path

import pytest

from replay.log_file import LogFileError, read_log, write_log
from schemas.record import LogRecord


def _log(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "log.jsonl"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.gz"])
def test_what_is_written_is_read_again(tmp_path: Path, name: str) -> None:
    records = [
        LogRecord("a", 0, 0, 5, b"c-1", b'{"customer_id":"c-1"}', ()),
        LogRecord("b", 0, 0, -1, b"\xc3\xa4", b"not json", ()),
        LogRecord("a", 0, 1, 6, None, None, ()),
    ]
    assert write_log(tmp_path / name, records) == 3
    assert list(read_log(tmp_path / name)) == records


def test_a_missing_key_is_the_customer_of_the_value(tmp_path: Path) -> None:
    path = _log(tmp_path, '{"topic":"a","timestamp":1,"value":{"customer_id":"c-7"}}\n')
    assert [record.key for record in read_log(path)] == [b"c-7"]


def test_a_null_key_stays_missing(tmp_path: Path) -> None:
    path = _log(tmp_path, '{"topic":"a","timestamp":1,"key":null,"value":{"customer_id":"c-7"}}\n')
    assert [record.key for record in read_log(path)] == [None]


def test_a_timestamp_may_be_an_instant(tmp_path: Path) -> None:
    path = _log(tmp_path, '{"topic":"a","timestamp":"1970-01-01T00:00:01.5Z","value":{}}\n')
    assert [record.timestamp_ms for record in read_log(path)] == [1500]


def test_a_line_that_is_no_record_is_named(tmp_path: Path) -> None:
    path = _log(tmp_path, '{"topic":"a","timestamp":1,"value":{}}\n\nnonsense\n')
    with pytest.raises(LogFileError, match=r"log\.jsonl, line 3: "):
        list(read_log(path))
