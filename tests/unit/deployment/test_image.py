"""The Dockerfile: instructions of its reference, nobody's root, pinned, and able to run with what it copies."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import tierline

CHECKOUT = Path(__file__).parents[3]
PYPROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))
INSTRUCTIONS = {
    "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "ONBUILD", "RUN",
    "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
}  # fmt: skip
TEXT = (CHECKOUT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
STEPS = [line.split(maxsplit=1) for line in TEXT.splitlines() if line and not line.startswith("#")]


def _arguments(instruction: str) -> list[str]:
    return [step[1] for step in STEPS if step[0] == instruction]


def test_every_instruction_is_of_the_reference() -> None:
    assert {step[0] for step in STEPS} <= INSTRUCTIONS
    assert STEPS[0][0] == "FROM"


def test_the_base_is_a_full_version_that_our_code_runs_on() -> None:
    [base] = _arguments("FROM")
    [found] = re.findall(r"^python:(\d+\.\d+)\.\d+-slim-[a-z]+$", base)
    assert tuple(map(int, found.split("."))) >= (3, 11)


def test_packages_come_with_their_hashes_alone() -> None:
    [install] = [command for command in _arguments("RUN") if "pip" in command]
    assert install == "pip install --no-cache-dir --require-hashes -r requirements.lock"


def test_it_is_not_root_that_runs() -> None:
    order = [step[0] for step in STEPS]
    assert order.index("USER") < order.index("ENTRYPOINT")
    assert _arguments("USER") == ["tierline"]
    assert order.index("USER") > max(n for n, name in enumerate(order) if name in {"RUN", "COPY"}), "ours is read-only"


def test_our_packages_are_copied_and_little_else() -> None:
    copied = [argument.split() for argument in _arguments("COPY")]
    assert all(source == target or target == "." for source, target in copied)
    packages = {name for name in PYPROJECT["tool"]["setuptools"]["packages"]["find"]["include"] if "." not in name}
    assert {source for source, _ in copied} == packages | {"requirements.lock", "examples"}


def test_caches_and_the_history_stay_out_of_the_build() -> None:
    assert {".git", ".venv", "**/__pycache__"} <= set((CHECKOUT / ".dockerignore").read_text("utf-8").split())


def test_the_version_is_known_where_nothing_is_installed() -> None:
    assert tierline.__version__ == PYPROJECT["project"]["version"]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """What /app holds in the image."""
    for source in (argument.split()[0] for argument in _arguments("COPY")):
        if (CHECKOUT / source).is_dir():
            shutil.copytree(CHECKOUT / source, tmp_path / source, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.parametrize("arguments", [["--help"], ["doctor", "--settings"]])
def test_the_entry_point_runs_with_what_is_copied(image: Path, arguments: list[str]) -> None:
    [entry] = _arguments("ENTRYPOINT")
    [code] = re.findall(r'"-c", "([^"]+)"', entry)
    # -S leaves the checkout's own installation out; the packages of others come by the path.
    others = next(place for place in sys.path if place.endswith("site-packages"))
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, *arguments],
        cwd=image, env={"PYTHONPATH": f"{image}:{others}"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout
