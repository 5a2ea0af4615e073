"""Mutations of rules files, and what must hold for each: a program that folds, or one clear error; soon, and small."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path

import yaml

from schemas.program import Program
from schemas.program_file import ProgramFileError, read_program
from schemas.yaml_file import MISTAKES_MAX
from tests.builders import Json, a_consent, a_manual_tier, a_refund, an_order
from tests.oracle_rules import instant_text
from tests.product import ProductFold

ROOT = Path(__file__).parents[2]
FILES = ("program.yaml", "examples/grocery.yaml", "examples/own_segments.yaml")
SOURCES = [(ROOT / name).read_text("utf-8") for name in FILES]
LINE_CHARACTERS_MAX = 700
FIRST_MS = 1_488_369_600_000  # 2017-03-01T12:00:00Z

VALUES: tuple[object, ...] = (
    None, True, False, 0, -1, 1, 0.5, -0.0, 2**31, 2**53, 2**53 + 1, 2**64, 10**39, 36_500, 36_501, 1_000_000,
    1_000_001,
    1e300, 5e-324, float("nan"), float("inf"), "", " ", "1", "0.5", "1e5", "1e-18", "0.000000000000000001", "21:00",
    "24:00",
    "8:00", "x" * 65, "x" * 129, "a\nb", "\u202ea", "💶", "élan", "yes", "no", "on", "off", "null", "~", "USD", "usd",
    "EUR",
    "JPY", "KWD", "CLF", "XXX", "UTC", "Asia/Kathmandu", "Pacific/Kiritimati", "America/Havana", "Africa/Cairo",
    "Mars/X",
    "right/UTC", "../UTC", "365 days", "30d", "5%", "live", "dry_run", "any", "all", "bronze",
    "4-5", "1-5", "5-4", "3", 3,
    {"r": "4-5", "f": 5}, {"name": "Others"}, {"word": "Fresh", "r": "1-5"}, "none", [], {}, [1], [[]],
    {"a": 1},
    [30, 7], [0], [36_500, 1], list(range(1, 52)), {"from": "21:00", "to": "21:00"}, {"rolling_days": 1},
    {"lifetime": True},
)  # fmt: skip
PLAIN: tuple[str, ...] = (
    "21:00", "1:30:00", "0o17", "017", "0x1F", "1_000", "1e3", "+1", "-1", ".5", "5.", "1e999999999", "9" * 41,
    "1e-400",
    "yes", "no", "on", "off", "Yes", "TRUE", "null", "~", "", ".nan", ".inf", "-.INF", "2017-03-01",
    "2017-03-01T12:00:00Z",
    "!!int 1", "!!float x", "!!binary =", "!!python/object/apply:os.system [ls]", "!x 1", "*a", "&a 1", "&a [*a]",
    "? 1", "|",
    ">", "'", '"', '"\\uD800"', '"\\0"', "@x", "`x", "%x", "{", "}", "[", "]", "- 1", "a: b: c", "<<: {a: 1}",
    "\x00", "\x85",
    "\ufeff", "１", "[" * 50, "[" * 5000, "{a: " * 2000,
)  # fmt: skip


def bombs() -> list[str]:
    """Return texts that grow when somebody writes their aliases out, or that are long or deep."""
    laughs = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    laughs += [f"a{level}: &a{level} [{','.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 10)]
    merges = ["a0: &a0 {x: 1}"]
    merges += [f"a{level}: &a{level}\n  <<: [{','.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 10)]
    laugh, merge = "\n".join(laughs), "\n".join(merges)
    return [
        laugh, f"{laugh}\ntiers: *a9", f"{laugh}\ntiers: {{levels: *a9}}", f"{laugh}\n? *a9\n: 1", f"{laugh}\n*a9 : 1",
        f"{laugh}\nnudges: {{kinds: {{tier_at_risk: {{warn_days: *a9}}}}}}", f"{laugh}\nversion: *a9", merge,
        merge.replace("<<", "!!merge x"), "a: &a [*a]", "&a {*a : *a}", "tiers: &a {levels: [*a]}", "&a [*a]",
        "version: 1\n" * 5000, "x: 1\n" * 2_500_000, "#" * 10_000_000, "- " * 30_000, "[" * 60_000, "'" + "x" * 60_000,
        "\n".join(f"k{number}: 1" for number in range(7000)), "? " * 20_000, "a:\n" + " " * 60_000 + "b: 1",
    ]  # fmt: skip


def mutated(rng: random.Random) -> str:
    """Return a rules file made from a real one: its tree changed, its text, or both."""
    text = rng.choice(SOURCES)
    if rng.random() < 0.6:
        tree = yaml.safe_load(text)
        for _ in range(rng.choice((1, 1, 2, 4))):
            rng.choice(IN_THE_TREE)(rng, *_place(rng, tree))
        text = yaml.safe_dump(
            tree, allow_unicode=rng.random() < 0.5, default_flow_style=rng.choice((True, False, None))
        )
    if rng.random() < 0.6:
        text = rng.choice(IN_THE_TEXT)(rng, text)
    return text


def check_program(text: str) -> str | None:
    """Return None where the text is a program, and folds; else what was said. Raises what must not happen."""
    try:
        program = read_program(text)
    except ProgramFileError as error:
        said = str(error)
        lines = said.split("\n")
        assert 1 <= len(lines) <= MISTAKES_MAX + 1, said
        assert all(line.startswith("program.yaml: ") and line.isprintable() for line in lines), said
        assert all(len(line) <= LINE_CHARACTERS_MAX for line in lines), said
        return said
    assert Program.from_json(program.canonical_json()) == program
    _fold(program)
    return None


def _fold(program: Program) -> None:
    fold = ProductFold(program.model_dump(mode="json", by_alias=True))
    for number, value in enumerate(_a_small_log(program)):
        at_ms = FIRST_MS + number * 20 * 86_400_000
        value |= {"occurred_at": instant_text(at_ms * 1000), "currency": program.currency}
        topic = "retail.orders.v1" if str(value["type"]).startswith("order.") else "retail.consents.v1"
        fold.record(topic, at_ms, json.dumps(value).encode(), offset=number)
    fold.finish((FIRST_MS + 3 * 365 * 86_400_000) * 1000)
    fold.states(fold.run.meta.clock_at)
    assert sum(fold.counts.values()) == len(_a_small_log(program))


def _a_small_log(program: Program) -> list[Json]:
    top = program.tiers.levels[-1]
    spend = str(top.spend or 1)
    orders = [an_order(f"o-{number}", spend) for number in range(4)]
    until = "2017-09-01T00:00:00Z"
    return [a_consent(), orders[0], a_refund("r-1", "o-0", spend), *orders[1:], a_manual_tier(top.name, until)]


# Mutations of the tree: each gets a container and a key or index in it

Place = tuple[dict[object, object] | list[object], object]


def _place(rng: random.Random, tree: object) -> tuple[object, object]:
    """Return a container somewhere in the tree and one of its keys."""
    places: list[tuple[object, object]] = []
    left = [tree]
    while left:
        one = left.pop()
        keys = list(one) if isinstance(one, dict) else list(range(len(one))) if isinstance(one, list) else []
        places += [(one, key) for key in keys]
        left += [one[key] for key in keys]  # type: ignore[index]
    return rng.choice(places) if places else ({}, "x")


def _set(rng: random.Random, container: object, key: object) -> None:
    container[key] = copy.deepcopy(rng.choice(VALUES))  # type: ignore[index]


def _delete(_rng: random.Random, container: object, key: object) -> None:
    del container[key]  # type: ignore[attr-defined]


def _add(rng: random.Random, container: object, key: object) -> None:
    value = copy.deepcopy(rng.choice(VALUES))
    if isinstance(container, dict):
        container[rng.choice((str(key) + "s", "win_back", "", "x" * 100, "é\n", 1, None, "from_"))] = value
    elif isinstance(container, list):
        container += [value] * rng.choice((1, 2, 60))


def _scale(rng: random.Random, container: object, key: object) -> None:
    value = container[key]  # type: ignore[index]
    if isinstance(value, int | float):
        container[key] = value * rng.choice((-1, 0, 10, 0.1, 1000, 10**6, 10**18))  # type: ignore[index]
    elif isinstance(value, list):
        container[key] = rng.choice((value * 2, value[::-1], value[:1]))  # type: ignore[index]


IN_THE_TREE: tuple[Callable[[random.Random, object, object], None], ...] = (
    _set,
    _set,
    _set,
    _delete,
    _add,
    _scale,
    _scale,
)


# Mutations of the text


def _plain(rng: random.Random, text: str) -> str:
    """Put a word that YAML readers disagree about where a value stands."""
    lines = text.split("\n")
    at = rng.choice([number for number, line in enumerate(lines) if ":" in line] or [0])
    head, _, _ = lines[at].partition(":")
    lines[at] = f"{head}: {rng.choice(PLAIN)}"
    return "\n".join(lines)


def _line(rng: random.Random, text: str) -> str:
    lines = text.split("\n")
    at, other = rng.randrange(len(lines)), rng.choice(lines)
    lines[at : at + rng.choice((0, 1))] = rng.choice(
        ([other], [], ["\t" + lines[at]], [" " + lines[at]], ["---"], ["..."])
    )
    return "\n".join(lines)


def _character(rng: random.Random, text: str) -> str:
    at = rng.randrange(len(text) + 1)
    odd = rng.choice(
        ("\t", "\x00", "\x1b", "\u202e", "\ufeff", "\u2028", ":", "#", "&a ", "*a", "!", "%", "{", "[", "'", "\r")
    )
    return text[:at] + odd + text[at + rng.choice((0, 1)) :]


def _cut(rng: random.Random, text: str) -> str:
    return text[: rng.randrange(len(text) + 1)]


def _joined(rng: random.Random, text: str) -> str:
    return rng.choice(
        (text + text, text + "---\n" + text, "%YAML 1.1\n---\n" + text, "%TAG ! x:\n---\n" + text, "\ufeff" + text)
    )


IN_THE_TEXT: tuple[Callable[[random.Random, str], str], ...] = (
    _plain,
    _plain,
    _plain,
    _line,
    _character,
    _cut,
    _joined,
)
