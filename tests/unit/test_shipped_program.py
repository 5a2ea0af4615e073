"""The rules file at the top of the checkout says what the product does without one."""

import re
from pathlib import Path

from schemas.plain_yaml import read_yaml
from schemas.program import Program
from schemas.program_file import load_program, read_program
from schemas.segment_parts import Segments

CHECKOUT = Path(__file__).resolve().parents[2]


def test_the_shipped_program_is_the_defaults_written_out() -> None:
    assert load_program(CHECKOUT / "program.yaml").canonical_json() == Program().canonical_json()


def test_the_shipped_program_writes_out_what_the_canonical_form_leaves_out() -> None:
    given = read_yaml((CHECKOUT / "program.yaml").read_text("utf-8"))
    assert isinstance(given, dict)
    assert set(given["segments"]) == set(Segments.model_fields)


def test_the_segments_of_the_readme_are_a_program() -> None:
    (told,) = re.findall(r"```yaml\n(segments:\n.*?)```", (CHECKOUT / "README.md").read_text("utf-8"), re.DOTALL)
    names = [rule.name for rule in read_program(told, "README.md").segments.rules]
    assert names == ["Stars", "Big Spenders", "Slipping", "Everyone Else"]
