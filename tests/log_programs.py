"""Random programs with small windows, short terms and low ladders, so that much happens in few records."""

from __future__ import annotations

import copy
import random

from tests.builders import Json
from tests.log_segments import random_segments

ZONES = ("UTC", "Europe/Berlin", "America/Santiago", "Africa/Cairo", "America/Havana", "Asia/Kathmandu")
CURRENCIES = ("USD", "USD", "USD", "EUR", "JPY", "KWD")
NAMES = ("bronze", "silver", "gold", "platinum")
OTHER_NAMES = ("steel", "inner circle", "Ruby", "VIP", "élan", "mc-gold")


def random_program(rng: random.Random) -> Json:
    """Return a valid program; some leave out what they can."""
    if rng.random() < 0.02:
        return {}
    program: Json = {
        "version": 1,
        "currency": rng.choice(CURRENCIES),
        "time_zone": rng.choice(ZONES),
        "tiers": _tiers(rng),
        "nudges": _nudges(rng),
    }
    if rng.random() < 0.1:
        del program["time_zone"]
    if rng.random() < 0.3:
        program |= _open_handed(rng)
    return program | {"segments": random_segments(_beside(rng))}


def _open_handed(rng: random.Random) -> Json:
    """Return rules under which most nudges come through, so that what follows from them happens often."""
    tiers = _tiers(rng) | {"match": "any", "term_days": rng.choice((10, 20)), "grace_days": rng.choice((1, 1, 5))}
    tiers["window"] = {"rolling_days": rng.choice((10, 15))}
    tiers["refund_reversal"] = {"within_days": 60, "debounce_hours": 24}
    tiers["levels"] = [
        {"name": NAMES[0]},
        {"name": NAMES[1], "spend": 80, "orders": 9},
        {"name": NAMES[2], "spend": 100},
        {"name": NAMES[3], "spend": 400},
    ]
    return {
        "tiers": tiers,
        "nudges": {
            "holdout": {"share": 0},
            "caps": {"per_day": 1, "per_week": 9, "per_kind_and_week": 9},
            "kinds": {"tier_at_risk": {"warn_days": [7, 3, 1]}},
        },
    }


def changed_program(rng: random.Random, program: Json) -> Json:
    """Return a program of a higher version: other thresholds, windows or guardrails, the same levels."""
    changed = copy.deepcopy(program)
    changed["version"] = int(str(program.get("version", 1))) + 1
    fresh_tiers, fresh_nudges = _tiers(rng), _nudges(rng)
    tiers = changed.get("tiers")
    if isinstance(tiers, dict):
        for name in rng.sample(["window", "match", "term_days", "grace_days"], 2):
            tiers[name] = fresh_tiers[name]
        tiers["levels"] = _levels(rng, len(tiers["levels"]))
    if rng.random() < 0.5:
        changed["nudges"] = fresh_nudges
    beside = _beside(rng)
    if beside.random() < 0.5:
        changed["segments"] = random_segments(beside)
    return changed


def renamed_program(rng: random.Random, program: Json) -> Json:
    """Return the program with other names for some of its levels."""
    renamed = copy.deepcopy(program)
    tiers = renamed.get("tiers")
    if isinstance(tiers, dict):
        for level, name in zip(tiers["levels"], rng.sample(OTHER_NAMES, len(tiers["levels"])), strict=True):
            if rng.random() < 0.5:
                level["name"] = name
    return renamed


def _beside(rng: random.Random) -> random.Random:
    """Return another source of numbers, so that a seed's other rules are the same whatever is drawn from it."""
    return random.Random(f"segments {copy.copy(rng).random()}")


def _tiers(rng: random.Random) -> Json:
    rolling: Json = {"rolling_days": rng.choice((5, 10, 20, 30, 40))}
    windows: list[Json] = [rolling, rolling, rolling, rolling, {"calendar_year": True}, {"lifetime": True}]
    return {
        "window": rng.choice(windows),
        "match": rng.choice(("any", "any", "all")),
        "term_days": rng.choice((5, 10, 20, 30, 60)),
        "grace_days": rng.choice((0, 1, 1, 5, 10)),
        "refund_reversal": {
            "within_days": rng.choice((0, 3, 10, 60, 60)),
            "debounce_hours": rng.choice((1, 12, 24, 24, 48)),
        },
        "levels": _levels(rng, rng.choice((1, 2, 3, 4, 4, 4))),
    }


def _levels(rng: random.Random, count: int) -> list[Json]:
    spend, orders = rng.choice((30, 50, 100)), rng.choice((2, 3, 4))
    shape = rng.choice(("both", "both", "both", "spend", "orders", "mixed"))
    levels: list[Json] = [{"name": NAMES[0]}]
    for index in range(1, count):
        level: Json = {"name": NAMES[index]}
        if shape in ("both", "spend") or (shape == "mixed" and index != 2):
            level["spend"] = rng.choice((spend * index, str(spend * index), spend * index + 1))
        if shape in ("both", "orders") or (shape == "mixed" and index != 1):
            level["orders"] = orders * index
        levels.append(level)
    return levels


def _nudges(rng: random.Random) -> Json:
    quiet: list[Json | None] = [{"from": "21:00", "to": "08:00"}, {"from": "12:00", "to": "14:30"}, None]
    kinds: Json = {}
    for kind in ("tier_near", "tier_upgraded", "tier_downgraded", "tier_at_risk"):
        settings: Json = {"mode": rng.choice(("live",) * 12 + ("dry_run", "off"))}
        if rng.random() < 0.2:
            settings["holdout"] = rng.choice((0.2, 0.5))
        if rng.random() < 0.2:
            settings["incentive_percent"] = rng.choice((5, 15))
        kinds[kind] = settings
    near = kinds["tier_near"]
    assert isinstance(near, dict)
    near |= rng.choice(({}, {}, {"at": 0.8, "rearm_below": 0.6}, {"valid_days": 2}))
    at_risk = kinds["tier_at_risk"]
    assert isinstance(at_risk, dict)
    at_risk["warn_days"] = rng.choice(([30, 7], [3, 1], [7, 2], [5]))
    for kind in ("tier_upgraded", "tier_downgraded"):
        service = kinds[kind]
        assert isinstance(service, dict)
        service |= rng.choice(({}, {"valid_days": 1}))
    return {
        "quiet_hours": rng.choice((quiet[0], quiet[0], quiet[0], quiet[1], quiet[2])),
        "holdout": {"salt": rng.choice(("tierline", "pepper")), "share": rng.choice((0, 0.05, 0.05, 0.4))},
        "caps": rng.choice(
            (
                {"per_day": 1, "per_week": 3, "per_kind_and_week": 1},
                {"per_day": 2, "per_week": 2, "per_kind_and_week": 2},
                {"per_day": 5, "per_week": 9, "per_kind_and_week": 9},
            )
        ),
        "kinds": kinds,
    }
