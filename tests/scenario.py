"""What a scenario is: steps, and the bits of the outcome that were worked out by hand from the text of the rules.

A scenario names no implementation: `check` folds it with anything that has the interface of the oracle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.builders import Json, a_consent, a_record
from tests.folding import Fold, fold_steps

MakeFold = Callable[[Mapping[str, object], int | None], Fold]
"""Makes a fold of a program (its version id is ``v1``) and the instant of the first start, or None."""

PROGRAM: Json = {
    "tiers": {
        "window": {"rolling_days": 30},
        "term_days": 30,
        "grace_days": 10,
        "refund_reversal": {"within_days": 20, "debounce_hours": 24},
        "levels": [
            {"name": "bronze"},
            {"name": "silver", "spend": 100, "orders": 4},
            {"name": "gold", "spend": 200, "orders": 8},
            {"name": "platinum", "spend": 400, "orders": 15},
        ],
    },
    "nudges": {
        "quiet_hours": None,
        "holdout": {"share": 0},
        "caps": {"per_day": 99, "per_week": 99, "per_kind_and_week": 99},
        "kinds": {"tier_at_risk": {"warn_days": [7, 3]}},
    },
}


@dataclass(frozen=True)
class Scenario:
    """Steps and expected bits; a part of the outcome that is None is not looked at.

    ``changes`` hold (at, from, to, trigger kind, trigger id); ``nudges`` (at, kind) or (at, kind, reason of the
    retraction); ``suppressions`` (at, kind, reason); ``state`` maps dotted paths of c-1's read model as of ``until``.
    """

    name: str
    steps: list[Json]
    until: str
    program: Json = field(default_factory=lambda: PROGRAM)
    started_at: str | None = None
    changes: list[tuple[str, str | None, str | None, str, str | None]] | None = None
    nudges: list[tuple[str, ...]] | None = None
    suppressions: list[tuple[str, str, str]] | None = None
    dead_letters: list[str] | None = None
    counts: dict[str, int] | None = None
    state: dict[str, object] | None = None
    bodies: dict[str, object] = field(default_factory=dict)
    """Dotted paths into the outputs: ``changes.0.skipped``."""


def check(scenario: Scenario, make_fold: MakeFold) -> None:
    """Fold a scenario and compare everything that it expects."""
    started_at = None if scenario.started_at is None else micros(scenario.started_at)
    fold = make_fold(scenario.program, started_at)
    fold_steps(fold, scenario.steps)
    fold.finish(micros(scenario.until))
    expected = {
        name: getattr(scenario, name)
        for name in ("changes", "nudges", "suppressions", "dead_letters", "counts")
        if getattr(scenario, name) is not None
    }
    outcome = _outcome(fold)
    assert {name: outcome[name] for name in expected} == expected
    assert {path: _at_path(vars(fold), path) for path in scenario.bodies} == scenario.bodies
    if scenario.state is not None:
        state = fold.states(micros(scenario.until)).get("c-1")
        assert {path: _at_path(state, path) for path in scenario.state} == scenario.state


def with_rules(tiers: Json | None = None, nudges: Json | None = None, **top: object) -> Json:
    """Return PROGRAM with other settings."""
    old_tiers, old_nudges = PROGRAM["tiers"], PROGRAM["nudges"]
    assert isinstance(old_tiers, dict)
    assert isinstance(old_nudges, dict)
    return PROGRAM | {"tiers": old_tiers | (tiers or {}), "nudges": old_nudges | (nudges or {})} | top


def instant(short: str) -> str:
    """Return RFC 3339 of ``03-01 12:00`` in 2017, or of ``2018-03-01 12:00``; seconds may follow."""
    full = short if short[4:5] == "-" else f"2017-{short}"
    day, _, clock = full.partition(" ")
    clock = clock or "00:00"
    return f"{day}T{clock}{':00' if clock.count(':') == 1 else ''}Z"


def micros(short: str) -> int:
    """Return microseconds UTC of a short instant."""
    moment = datetime.fromisoformat(instant(short))
    return round((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)


def step(value: object, timestamp: str, **fields: object) -> Json:
    """Return the step of one record."""
    return {"step": "record", "record": a_record(value, micros(timestamp) // 1000, **fields)}


def consent(timestamp: str = "03-01", **fields: object) -> Json:
    """Return the step of a consent for all channels."""
    return step(a_consent(True, instant(timestamp), **fields), timestamp)


def _outcome(fold: Fold) -> Json:
    return {
        "changes": [_change(body) for body in fold.changes],
        "nudges": [_nudge(body) for body in fold.nudges],
        "suppressions": [(_short(body["at"]), body["kind"], body["reason"]) for body in fold.suppressions],
        "dead_letters": [body["reason"] for body in fold.dead_letters],
        "counts": {fate: count for fate, count in Counter(fold.counts).items() if count},
    }


def _change(body: Json) -> tuple[object, ...]:
    trigger = body["trigger"]
    assert isinstance(trigger, dict)
    return (_short(body["at"]), body["from"], body["to"], trigger["kind"], trigger["id"])


def _nudge(body: Json) -> tuple[object, ...]:
    short = (_short(body["at"]), body["kind"])
    return short if body["type"] == "nudge.issued" else (*short, body["reason"])


def _short(text: object) -> str:
    day, _, clock = str(text).removesuffix("Z").partition("T")
    clock = clock.removesuffix(":00")
    return day.removeprefix("2017-") + ("" if clock == "00:00" else f" {clock}")


def _at_path(tree: object, path: str) -> object:
    for key in path.split("."):
        if isinstance(tree, list):
            tree = tree[int(key)]
        elif isinstance(tree, Mapping):
            tree = tree[key]
        else:
            return f"nothing at {key} of {path}"
    return tree
