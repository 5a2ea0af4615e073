from pathlib import Path

import pytest

from schemas.program import Program
from schemas.program_file import ProgramFileError, load_program, read_program
from schemas.yaml_file import MISTAKES_MAX


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "{}", "---\n"])
def test_an_empty_file_is_the_shipped_program(text: str) -> None:
    assert read_program(text) == Program()


def test_the_file_of_the_contract_is_the_shipped_program() -> None:
    text = """
version: 1
currency: USD
time_zone: UTC
tiers:
  window: {rolling_days: 365}
  match: any
  term_days: 365
  grace_days: 30
  refund_reversal: {within_days: 60, debounce_hours: 24}
  levels:
    - {name: bronze}
    - {name: silver, spend: 500, orders: 4}
    - {name: gold, spend: "1000", orders: 8}
    - {name: platinum, spend: 2000.00, orders: 15}
nudges:
  quiet_hours: {from: "21:00", to: "08:00"}
  holdout: {salt: tierline, share: 0.05}
  caps: {per_day: 1, per_week: 3, per_kind_and_week: 1}
  kinds:
    tier_near: {at: 0.90, rearm_below: 0.85, valid_days: 14}
    tier_at_risk: {warn_days: [30, 7]}
segments: {k: 6}
"""
    assert read_program(text).version_id == Program().version_id


def test_plain_words_are_words_as_in_yaml_1_2() -> None:
    nudges = "nudges: {quiet_hours: {from: 21:00, to: 08:00}, kinds: {tier_near: {mode: off}}}"
    program = read_program(f"{nudges}\ntiers: {{levels: [{{name: no}}]}}")
    assert program.nudges.quiet_hours == Program().nudges.quiet_hours
    assert program.nudges.kinds.tier_near.mode == "off"
    assert program.tiers.levels[0].name == "no"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "tiers: {levels: [{name: a}, {name: b, spend: 1}, {name: c, spend: -5}]}",
            "program.yaml: tiers.levels[2].spend: -5 is not allowed: give a number above 0, e.g. 1000",
        ),
        ("version: '1'", 'program.yaml: version: "1" is not allowed: give an integer, e.g. 1'),
        ("verison: 1", "program.yaml: verison: there is no such key; did you mean version?"),
        (
            "nudges: {caps: {hourly: 1}}",
            "program.yaml: nudges.caps.hourly: there is no such key; one of per_day, per_week, per_kind_and_week",
        ),
        (
            "nudges: {kinds: {win_back: {}}}",
            "program.yaml: nudges.kinds: this version of Tierline has no nudge kind win_back yet; leave it out",
        ),
        (
            "nudges: {kinds: {tier_near: {mode: on}}}",
            "program.yaml: nudges.kinds.tier_near.mode: \"on\" is not allowed: give 'live', 'dry_run' or 'off'",
        ),
        ("tiers: {levels: [{spend: 4}]}", "program.yaml: tiers.levels[0].name: is missing: give it, e.g. silver"),
        (
            "tiers: {refund_reversal: 3}",
            "program.yaml: tiers.refund_reversal: 3 is not allowed: give keys and values, or leave it out",
        ),
        ("version: 1\nversion: 2", "program.yaml: line 2, column 1: version stands twice; correct the YAML there"),
        ("- 1", "program.yaml: the file must hold keys and values, e.g. version: 1"),
    ],
)
def test_a_mistake_is_named_with_key_value_and_what_would_be_right(text: str, words: str) -> None:
    with pytest.raises(ProgramFileError) as caught:
        read_program(text)
    assert str(caught.value) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("version: " + "9" * 5000, "line 1, column 10: a number of more than 40 characters; correct the YAML there"),
        ("version: !!int abc", 'line 1, column 10: a tag ("tag:yaml.org,2002:int") has no place here'),
        ("version: !x 1", 'line 1, column 10: a tag ("!x") has no place here'),
        ("a: &a {version: 1}\n!!merge x: *a", 'line 2, column 1: a tag ("tag:yaml.org,2002:merge") has no place here'),
        ("1: 2", "line 1, column 1: a key must be a word"),
        ("a: &a [[x]]\n*a : 1", "line 1, column 4: a key must be a word"),
        ("version: [[" + "[" * 60, "nested too deeply; correct the YAML there"),
        ("\n".join(" " * depth + "a:" for depth in range(60)), "nested too deeply; correct the YAML there"),
        ('version: "\\uD800"', "line 1, column 10: half of a surrogate pair is no character"),
        ("version: 1\x01", "character 11 (U+0001) may not stand in YAML; remove it"),
        (
            "tiers: {levels: [{name: a, spend: 1e99999999999999999999}]}",
            'levels[0].spend: "1e99999999999999999999" is not',
        ),
        ('tiers: {levels: [{name: "a\\nb"}]}', 'levels[0].name: "a\\nb" is not allowed: give printable characters'),
        ('"a\\e[2Jb": 1', 'program.yaml: "a\\x1b[2Jb": there is no such key'),
        ("time_zone: right/UTC", "give a name of the IANA time zone database"),
        ("time_zone: localtime", "give a name of the IANA time zone database"),
        ("nudges: {caps: {per_day: 10000000}}", "nudges.caps.per_day: 10000000 is not allowed: give at most 1000000"),
        ("x: 1\n" * 20_000, "has more than 64 KiB; is it the right file?"),
    ],
)
def test_what_no_rules_file_needs_is_refused_in_one_line(text: str, words: str) -> None:
    with pytest.raises(ProgramFileError) as caught:
        read_program(text)
    (line,) = str(caught.value).split("\n")
    assert words in line
    assert line.startswith("program.yaml: ")
    assert line.isprintable()


def test_aliases_are_understood_and_never_written_out() -> None:
    text = "tiers: {grace_days: &days 20, term_days: *days}"
    assert read_program(text).tiers.term_days == 20


def test_a_file_that_is_none_gets_a_few_of_its_mistakes_named() -> None:
    with pytest.raises(ProgramFileError) as caught:
        read_program("\n".join(f"k{number}: 1" for number in range(3000)))
    lines = str(caught.value).split("\n")
    assert len(lines) == MISTAKES_MAX + 1
    assert lines[-1] == "program.yaml: and more: correct these 20 first"


def test_a_file_that_is_too_long_is_not_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_bytes("é".encode() * 5_000_000)
    with pytest.raises(ProgramFileError, match=r"rules.yaml: has more than 64 KiB"):
        load_program(tmp_path / "rules.yaml")


def test_every_mistake_gets_a_line() -> None:
    with pytest.raises(ProgramFileError) as caught:
        read_program("version: 0\nsegments: {k: 1}\n")
    assert [line.split(": ")[1] for line in str(caught.value).splitlines()] == ["version", "segments.k"]


def test_broken_yaml_is_named_by_line_and_column() -> None:
    with pytest.raises(ProgramFileError, match=r"program.yaml: line 2, column 9: "):
        read_program("version: 1\ntiers: [")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProgramFileError, match="cannot be read"):
        load_program(tmp_path / "rules.yaml")
    (tmp_path / "rules.yaml").write_bytes(b"\xff")
    with pytest.raises(ProgramFileError, match="is not UTF-8"):
        load_program(tmp_path / "rules.yaml")
    (tmp_path / "rules.yaml").write_text("version: 2\n", "utf-8")
    assert load_program(tmp_path / "rules.yaml").version == 2
