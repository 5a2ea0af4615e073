"""The oracle shares no code with what it checks."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
ORACLE_FILES = sorted(TESTS.glob("oracle*.py"))


def imported_modules(source: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return found


def is_allowed(module: str) -> bool:
    return module.startswith("tests.oracle_") or module.split(".")[0] in sys.stdlib_module_names


@pytest.mark.parametrize("path", ORACLE_FILES, ids=lambda path: str(path.name))
def test_the_oracle_imports_only_the_standard_library_and_itself(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert [module for module in imported_modules(source) if not is_allowed(module)] == []
    assert "importlib" not in source
    assert "__import__" not in source


def test_all_files_of_the_oracle_are_looked_at() -> None:
    assert "oracle.py" in {path.name for path in ORACLE_FILES}
    assert len(ORACLE_FILES) >= 6


@pytest.mark.parametrize("line", ["import state", "from schemas.money import x", "from . import x", "import pytest"])
def test_the_check_would_notice_a_foreign_import(line: str) -> None:
    assert not all(is_allowed(module) for module in imported_modules(line))
