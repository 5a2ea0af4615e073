"""Mutated rules files: each is a program that folds, or one clear error; none takes long or eats memory."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from schemas.program_file import ProgramFileError, load_program
from tests.fuzz.programs import SOURCES, bombs, check_program, mutated
from tests.fuzz.running import resident_kib

FILES = 1500
SECONDS_MAX = 20
GROWTH_KIB_MAX = 128 * 1024


@contextmanager
def in_time() -> Iterator[None]:
    """Raise TimeoutError in the middle of what takes too long."""

    def late(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError("a rules file must not keep anybody busy")

    before = signal.signal(signal.SIGALRM, late)
    left = signal.setitimer(signal.ITIMER_REAL, SECONDS_MAX)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *left)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_mutated_rules_file_folds_or_is_one_clear_error() -> None:
    valid = 0
    for seed in range(FILES):
        try:
            with in_time():
                valid += check_program(mutated(random.Random(seed))) is None
        except Exception as error:
            error.add_note(f"tests.fuzz.programs.mutated(random.Random({seed}))")
            raise
    assert FILES // 10 < valid < FILES // 2, "both ends must be met"


@pytest.mark.parametrize("number", range(len(bombs())))
def test_a_bomb_is_refused_soon_and_stays_small(number: int) -> None:
    before = resident_kib()
    with in_time():
        said = check_program(bombs()[number])
    assert said is not None
    assert resident_kib() - before < GROWTH_KIB_MAX


@pytest.mark.parametrize("content", [b"\x00" * 100, b"\xff\xfe" + "version: 1".encode("utf-16-le"), b"\x7fELF\x02"])
def test_a_binary_file_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "program.yaml").write_bytes(content)
    with pytest.raises(ProgramFileError, match=r"program\.yaml: "):
        load_program(tmp_path / "program.yaml")


def test_the_sources_are_programs_themselves() -> None:
    assert [check_program(source) for source in SOURCES] == [None] * len(SOURCES)
