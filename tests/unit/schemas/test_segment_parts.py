"""Definitions of segments: one answer for each cell, and a clear word where there would be none or two."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.program import Program
from schemas.program_file import ProgramFileError, read_program
from schemas.segment_rules import Scores
from state.rules import rules_of
from tests.builders import Json
from tests.log_segments import CELLS, random_segments
from tests.oracle_definitions import DEFAULT_PERSONAS, DEFAULT_RULES, definitions_of

definitions = st.integers(0, 2**32).map(lambda seed: random_segments(random.Random(seed)))


@given(definitions)
def test_every_cell_has_the_answer_that_the_oracle_reads_out_of_the_file(segments: Json) -> None:
    program = Program.model_validate({"segments": segments})
    ready, defined = rules_of(program.canonical_json()).segments, definitions_of({"segments": segments})
    for cell in CELLS:
        rule = ready.rule_of(Scores(*cell))
        assert (rule.name, list(rule.asks)) == (defined.segment_of(cell), defined.asked(cell))
        assert ready.persona_of(cell.r, "top tier") == defined.persona_of(cell.r, "top tier")


@given(definitions)
def test_definitions_survive_the_canonical_json(segments: Json) -> None:
    program = Program.model_validate({"segments": segments})
    assert Program.from_json(program.canonical_json()) == program


def test_defaults_that_are_written_out_are_the_program_without_them() -> None:
    traits = {"budget_buyer": {"frequency_top": "0.4", "aov_bottom": 0.40}, "power_user": {"monetary_top": 0.2}}
    written = {"rules": DEFAULT_RULES, "personas": DEFAULT_PERSONAS[::-1], "traits": traits}
    assert Program.model_validate({"segments": written}).version_id == Program().version_id


@pytest.mark.parametrize(
    "segments",
    [
        {"rules": [{"name": "VIP", "all": {"r": 5}}, {"name": "Others"}]},
        {"personas": [{"word": "Active", "r": "2-5"}, {"word": "Dormant", "r": 1}]},
        {"traits": {"power_user": {"aov_top": "0.21"}}},
        {"k": 5},
    ],
)
def test_another_definition_is_another_program(segments: Json) -> None:
    assert Program.model_validate({"segments": segments}).version_id != Program().version_id


def test_a_score_may_be_written_as_a_number_or_as_a_range() -> None:
    written: list[object] = [3, "3", "3-3"]
    rules = [[{"name": "A", "all": {"r": scores}}, {"name": "B"}] for scores in written]
    assert len({Program.model_validate({"segments": {"rules": one}}).version_id for one in rules}) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "rules: [{name: VIP, all: {r: 4-5}}]",
            "no segment takes r 1, f 1, m 1 (75 of 125 are left); end with one for everybody else, e.g. {name: Others}",
        ),
        ("rules: [{name: VIP, all: {x: 4-5}}, {name: O}]", "rules[0].all.x: there is no such key; one of r, f, m"),
        ("rules: [{name: VIP, all: {r: 5-4}}, {name: O}]", '"5-4" is not allowed: give the lower score first: 4-5'),
        ("rules: [{name: VIP, all: {r: 4-6}}, {name: O}]", '"4-6" is not allowed: give scores from 1 to 5'),
        ("rules: [{name: VIP, all: {r: 0}}, {name: O}]", "0 is not allowed: give scores from 1 to 5, e.g. 4-5 or 3"),
        ("rules: [{name: VIP, all: {r: 1-5}}, {name: O}]", "every score is in 1-5; leave it out"),
        ("rules: [{name: VIP, all: {}}, {name: O}]", "rules[0].all: give one of r, f and m or more, e.g. {r: 4-5}"),
        ("rules: [{name: VIP, any: {r: 4-5}}, {name: O}]", "any needs two scores to choose from"),
        (
            "rules: [{name: Rich, all: {m: 5}}, {name: O}, {name: VIP, all: {r: 5, m: 5}}]",
            "nobody is left for VIP: Rich above it take them all; move it up or leave it out",
        ),
        ("rules: [{name: A, all: {r: 1}, not_all: {r: 1-3}}, {name: O}]", "nobody can be A: what it asks contradicts"),
        ("rules: [{name: Vip, all: {r: 5}}, {name: VIP}]", "two segments are named VIP; give each its own name"),
        ("rules: [{name: none}]", '"none" is not allowed: is what readers show for no segment; give another name'),
        ("rules: [{name: ' A'}]", "give a name without spaces around it"),
        (f"rules: [{{name: {'x' * 65}}}]", "give at most 64 characters"),
        ("rules: []", "segments.rules: give at least one, e.g. [{name: VIP, all: {r: 4-5}}, {name: Others}]"),
        ("personas: [{word: Active, r: 3-5}]", "no word has the recency score 2; give each of 1 to 5 to one word"),
        ("personas: [{word: A, r: 3-5}, {word: B, r: 1-3}]", "A and B both have the recency score 3"),
        ("personas: [{word: Very active, r: 1-5}]", "give one word, e.g. Active: the tier's name comes behind it"),
        ("personas: [{word: A, r: 3-5}, {word: a, r: 1-2}]", "two personas are named"),
        ("traits: {power_user: {aov_top: 0}}", "aov_top: 0 is not allowed: give a number above 0, e.g. 0.20"),
        ("traits: {budget_buyer: {aov_bottom: 1}}", "aov_bottom: 1 is not allowed: give a number below 1, e.g. 0.40"),
    ],
)
def test_a_mistake_is_named_with_what_would_be_right(text: str, words: str) -> None:
    with pytest.raises(ProgramFileError) as caught:
        read_program(f"segments: {{{text}}}")
    (line,) = str(caught.value).split("\n")
    assert line.startswith("program.yaml: segments.")
    assert words in line
