"""The packages come from this checkout: a stranger's `schemas` in site-packages would win elsewhere."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
PACKAGES = ["schemas", "state", "models", "streams", "storefront", "replay", "tierline"]
PYPROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))


@pytest.mark.parametrize("package", PACKAGES)
def test_the_package_loads_from_the_checkout(package: str, tmp_path: Path) -> None:
    where = f"import importlib.util as u; print(*u.find_spec({package!r}).submodule_search_locations, sep='\\n')"
    found = subprocess.run(
        [sys.executable, "-P", "-c", where], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.splitlines()  # fmt: skip
    assert [place for place in found if not place.startswith("__editable__")] == [str(CHECKOUT / package)]


def test_it_cannot_be_uploaded_by_mistake() -> None:
    assert "Private :: Do Not Upload" in PYPROJECT["project"]["classifiers"]


def test_every_dependency_says_why_it_is_here() -> None:
    extras = PYPROJECT["project"]["optional-dependencies"].values()
    wanted = {*PYPROJECT["project"]["dependencies"], *(name for names in extras for name in names)}
    text = (CHECKOUT / "pyproject.toml").read_text("utf-8")
    explained = set(re.findall(r'^    "([^"]+)",\s+# \w.{4,}$', text, flags=re.MULTILINE))
    assert wanted - explained == set()


def test_the_image_can_trace_and_brings_no_test_tools() -> None:
    lock = (CHECKOUT / "requirements.lock").read_text("utf-8")
    pinned = set(re.findall(r"^([a-z0-9.-]+)==", lock, flags=re.MULTILINE))
    extras = PYPROJECT["project"]["optional-dependencies"]
    names = {extra: {re.split(r"[\[<>=]", one)[0] for one in wanted} for extra, wanted in extras.items()}
    assert names["tracing"] <= pinned
    assert not {"pytest", "hypothesis"} & pinned


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_locks_pin_versions_and_hashes_and_name_no_host(lock: str) -> None:
    text = (CHECKOUT / lock).read_text("utf-8")
    requirements = re.findall(r"^[a-z0-9][^\n]*(?:\n {4}[^\n]+)+", text, flags=re.MULTILINE)
    assert len(requirements) > 30
    assert all(re.match(r"[a-z0-9.-]+==\S+.*\\\n {4}--hash=sha256:", one) for one in requirements)
    assert "://" not in text
