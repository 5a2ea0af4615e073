"""`tierline replay` as a command: what it prints, and how it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from replay.differences import Difference
from replay.summary import Summary
from tests.builders import a_consent, a_record, an_order
from tierline import replaying
from tierline.cli import app, main
from tierline.console import CommandError, UsageError
from tierline.replaying import Outcome, partitions_in

MARCH = 1_488_369_600_000  # 2017-03-01T12:00:00Z


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("TIERLINE_KAFKA", "TIERLINE_REDIS"):
        monkeypatch.delenv(name, raising=False)
    program = tmp_path / "program.yaml"
    program.write_text("currency: USD\n", encoding="utf-8")
    monkeypatch.setenv("TIERLINE_PROGRAM", str(program))
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    records = [a_record(a_consent(), MARCH), a_record(an_order("o-1", "12.50"), MARCH)]
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    return path


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["replay", *arguments])


def test_a_log_is_folded_into_files_and_json_goes_to_stdout(log: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    done = invoke("--log", str(log), "--out", str(folder), "--json", "--until", "2017-03-05T00:00:00Z")
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert (found["records"], found["as_of"], found["tiers"]["bronze"]) == (2, "2017-03-05T00:00:00Z", 1)
    assert "differences" not in found
    assert json.loads((folder / "states.jsonl").read_text(encoding="utf-8"))["rfm"]["monetary"] == "12.50"


def test_without_json_a_table_shows_the_numbers(log: Path, tmp_path: Path) -> None:
    done = invoke("--log", str(log), "--out", str(tmp_path / "out"))
    assert done.exit_code == 0
    assert [line.split() for line in done.stdout.splitlines() if line.strip().startswith("tiers: bronze")] != []


def test_another_program_gives_another_result(log: Path, tmp_path: Path) -> None:
    rules = tmp_path / "generous.yaml"
    rules.write_text("tiers: {levels: [{name: new}, {name: known, orders: 1}]}\n", encoding="utf-8")
    done = invoke("--log", str(log), "--out", str(tmp_path / "out"), "--program", str(rules), "--json")
    assert json.loads(done.stdout)["tiers"] == {"new": 0, "known": 1}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--log", "LOG"], "--log needs --out DIR"),
        (["--log", "LOG", "--out", "o", "--against-live"], "not with --log"),
        (["--log", "LOG", "--out", "o", "--partitions", "1"], "not with --log"),
        (["--log", "LOG", "--out", "o", "--until", "tomorrow"], "--until tomorrow"),
        (["--log", "LOG", "--out", "o", "--program", "no.yaml"], "no.yaml"),
        ([], "Give --out DIR"),
        (["--out", "o", "--until", "2017-03-05T00:00:00Z"], "go with --log"),
        (["--out", "o", "--program", "p.yaml"], "go with --log"),
        (["--out", "o"], "TIERLINE_KAFKA is not set"),
        (["--against-live"], "TIERLINE_KAFKA is not set"),
    ],
)
def test_wrong_usage_is_one_message_and_exit_2(
    arguments: list[str], words: str, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code("replay", *[str(log) if one == "LOG" else one for one in arguments]) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert captured.out == ""
    assert "Traceback" not in captured.err


def test_a_bad_line_exits_2_and_names_file_and_line(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with log.open("a", encoding="utf-8") as lines:
        lines.write("\n{no json\n")
    assert exit_code("replay", "--log", str(log), "--out", str(tmp_path / "out")) == 2
    assert "log.jsonl, line 4: JSON is malformed" in capsys.readouterr().err
    assert list((tmp_path / "out").iterdir()) == []


def test_a_missing_log_exits_1_and_names_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "missing.jsonl"
    assert exit_code("replay", "--log", str(missing), "--out", str(tmp_path / "out")) == 1
    assert f"{missing}: No such file" in capsys.readouterr().err


def test_differences_are_shown_and_exit_1(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Difference(2, f"{number:016x}", "state.tier", '"gold"', '"silver"') for number in range(25)]
    monkeypatch.setattr(replaying, "replay_kafka", lambda *_, **__: Outcome(Summary(), found, compared=True))
    done = invoke("--against-live")
    assert isinstance(done.exception, CommandError)
    assert not isinstance(done.exception, UsageError)
    assert str(done.exception) == "25 differences between the replay and what is live"
    assert 'partition 2, customer 0000000000000013, state.tier: replayed "gold", live "silver"' in done.stderr
    assert "... and 5 more" in done.stderr
    shown = json.loads(invoke("--against-live", "--json").stdout)
    assert (shown["differences"], len(shown["first_differences"])) == (25, 20)


@pytest.mark.parametrize(("text", "expected"), [("0", [0]), ("5-7,2", [2, 5, 6, 7]), (" 1 , 1", [1])])
def test_partitions_are_numbers_and_ranges(text: str, expected: list[int]) -> None:
    assert partitions_in(text, 8) == expected


@pytest.mark.parametrize("text", ["", "a", "1-", "-1", "8", "5-9", "7-5"])
def test_other_partitions_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--partitions"):
        partitions_in(text, 8)


def exit_code(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)
