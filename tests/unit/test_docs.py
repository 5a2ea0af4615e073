"""What the docs name exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted({ROOT / "README.md", *(ROOT / "docs").rglob("*.md")})
FOLDERS = "tests|bench|deploy|docs|examples|scripts|state|streams|schemas|models|replay|storefront"
PATH = re.compile(rf"`((?:{FOLDERS})/[\w./-]+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_that_a_page_names_is_there(page: Path) -> None:
    named = PATH.findall(page.read_text("utf-8"))
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_guarantees_name_their_tests() -> None:
    rows = [line for line in (ROOT / "docs/guarantees.md").read_text("utf-8").splitlines() if line.startswith("| ")]
    assert len(rows) > 10
    assert [row for row in rows[1:] if "tests/" not in row] == []
