"""The five files of a replay: Parquet holds what the JSON lines hold, and every line keeps its contract."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pydantic import BaseModel, ValidationError

from replay.from_log import replay_log
from replay.parquet import columns_of, convert
from replay.write import FILES
from schemas.outputs import DeadLetter
from schemas.program import Program
from tests.logs import random_log
from tests.unit.replay.log_files import Json, lines_of, write_log


def test_parquet_holds_the_same_rows(tmp_path: Path) -> None:
    seen: set[str] = set()
    for seed in (3, 5, 8):
        program, records = random_log(seed)
        replay_log(write_log(tmp_path / "log.jsonl", records), tmp_path, Program.model_validate(program))
        for name in FILES:
            rows = pq.read_table(tmp_path / f"{name}.parquet").to_pylist()
            lines = lines_of(tmp_path, name)
            assert [without_nulls(row) for row in rows] == [without_nulls(as_text(line)) for line in lines]
            seen |= {name} if lines else set()
    assert seen == set(FILES)


def test_empty_files_are_valid_and_have_all_columns(tmp_path: Path) -> None:
    summary = replay_log(write_log(tmp_path / "log.jsonl", []), tmp_path, Program())
    assert (summary.records, summary.as_of) == (0, "1970-01-01T00:00:00Z")
    for name in FILES:
        table = pq.read_table(tmp_path / f"{name}.parquet")
        assert table.num_rows == 0
        assert len(table.schema.names) >= 8
        assert (tmp_path / f"{name}.jsonl").read_bytes() == b""


def without_nulls(value: object) -> object:
    """A column that a row lacks is null in Parquet."""
    if isinstance(value, dict):
        kept = {name: without_nulls(one) for name, one in value.items() if one is not None}
        return {name: one for name, one in kept.items() if one != {}}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


def as_text(line: object) -> object:
    """Values and thresholds of criteria are text in Parquet."""
    if isinstance(line, dict):
        return {name: str(one) if name in ("value", "threshold") and one is not None else as_text(one)
                for name, one in line.items()}  # fmt: skip
    return [as_text(one) for one in line] if isinstance(line, list) else line


@pytest.mark.parametrize("name", FILES)
def test_every_line_keeps_its_contract(name: str, tmp_path: Path) -> None:
    for seed in (3, 5, 8):
        program, records = random_log(seed)
        replay_log(write_log(tmp_path / "log.jsonl", records), tmp_path, Program.model_validate(program))
        for line in lines_of(tmp_path, name):
            assert any(keeps(line, model) for model in FILES[name]), line


def test_a_key_without_a_column_is_an_error_and_not_a_loss(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"topic": "t", "colour": "red"}\n', encoding="utf-8")
    with pytest.raises(ValueError, match="no Parquet column for colour"):
        convert(tmp_path / "rows.jsonl", tmp_path / "rows.parquet", columns_of((DeadLetter,)))


def keeps(line: Json, model: type[BaseModel]) -> bool:
    try:
        model.model_validate(line)
    except ValidationError:
        return False
    return True
