"""The rules file at the top of the checkout says what the product does without one."""

from pathlib import Path

from schemas.program import Program
from schemas.program_file import load_program

CHECKOUT = Path(__file__).resolve().parents[2]


def test_the_shipped_program_is_the_defaults_written_out() -> None:
    assert load_program(CHECKOUT / "program.yaml").canonical_json() == Program().canonical_json()
