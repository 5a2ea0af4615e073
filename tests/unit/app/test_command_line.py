"""The command line without servers: help, usage errors, settings errors, exit codes."""

import os
import subprocess
import sys

import pytest

from tierline.cli import main

COMMANDS = [
    ["demo"], ["worker"], ["trainer"], ["api"], ["doctor"], ["produce"], ["import"], ["customer"], ["rebuild"],
    ["erase"],
    ["export"], ["topics", "create"], ["topics", "check"], ["dlq", "list"], ["dlq", "show"], ["dlq", "replay"],
    ["models", "list"], ["models", "show"], ["models", "compare"], ["models", "rollback"], ["models", "freeze"],
    ["models", "unfreeze"],
]  # fmt: skip
OFFERING_JSON = [command for command in COMMANDS if command not in (["worker"], ["trainer"], ["api"])]


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TIERLINE_KAFKA", "TIERLINE_REDIS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*command, "--help") == 0
    shown = capsys.readouterr().out
    assert "Example: " in shown
    assert f"tierline {' '.join(command)}" in shown


@pytest.mark.parametrize("command", OFFERING_JSON, ids=" ".join)
def test_what_prints_data_offers_json(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    run(*command, "--help")
    assert "--json" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["customer"],
        ["produce", "no-such-file.jsonl"],
        ["demo", "--speed", "slow"],
        ["rebuild"],
        ["dlq", "replay"],
        ["customer", "c-1"],
        ["worker"],
        ["trainer"],
        ["erase", "c-1"],
        ["export", "customers.csv"],
        ["export", "customers.xlsx"],
        ["topics", "check"],
        ["models", "list"],
        ["models", "show", "-1"],
        ["models", "rollback"],
    ],
    ids=" ".join,
)
def test_wrong_usage_and_missing_configuration_exit_2_and_print_no_data(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err


def test_an_unknown_variable_stops_every_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TIERLINE_PARTITION", "4")
    assert run("customer", "c-1") == 2
    assert "TIERLINE_PARTITION is not a setting of Tierline. Did you mean TIERLINE_PART" in capsys.readouterr().err


def test_a_missing_server_is_named_with_what_to_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("customer", "c-1") == 2
    assert "TIERLINE_REDIS is not set" in capsys.readouterr().err


def test_the_doctor_lists_settings_with_secrets_starred(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TIERLINE_REDIS", "redis://me:hush@host/0")
    assert run("doctor", "--settings", "--json") == 0
    shown = capsys.readouterr().out
    assert "TIERLINE_TICK_DELAY_SECONDS" in shown
    assert "hush" not in shown


def test_a_reader_that_goes_away_is_no_failure_to_report() -> None:
    command = f'{sys.executable} -c \'from tierline.cli import main; main(["doctor", "--settings"])\' | true'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr
    assert done.stderr == ""


def test_a_connection_that_breaks_is_not_taken_for_a_reader_that_went_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise BrokenPipeError("a server hung up")

    monkeypatch.setattr("tierline.cli.app", broken)
    with open(os.devnull, "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        with pytest.raises(BrokenPipeError, match="hung up"):
            main(["doctor"])
