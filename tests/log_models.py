"""Random snapshots whose edges and centres lie where the customers of random logs are, degenerate ones among them."""

from __future__ import annotations

import random
from math import exp, log, log1p

from tests.builders import Json
from tests.oracle_rules import Rules, minor_digits

NAMES = ("Loyal Regulars", "Lapsed", "Fresh Faces", "Big Baskets", "Bargain Hunters", "Fading", "Core", "One-Timers")
ROUND_UNITS = (0, 5, 9, 10, 12, 15, 20, 25, 30, 45, 60, 75, 95, 120, 200, 400)


def random_snapshot(rng: random.Random, program: Json, before: Json | None = None) -> Json:
    """Return the published JSON of a snapshot; one that follows another may keep its clusters, moved or renamed."""
    unit = 10 ** minor_digits(Rules(program, "0").currency)
    keeps = before is not None and rng.random() < 0.7
    edges = _edges(rng, unit)
    return {
        "format": 3,
        "trained_at": 0,
        "customers": 100,
        "restarts": 0,
        "minor_per_major": unit,
        "edges": edges,
        "scaling": {"mean": [0.0] * 5, "deviation": _deviation(rng)},
        "clusters": _moved(rng, before["clusters"]) if keeps and before is not None else _clusters(rng),
        "hysteresis": rng.choice((0, 0.05, 0.1, 0.1, 0.3, rng.uniform(0, 0.3))),
        "fresher_hysteresis": _fresher_hysteresis(random.Random(f"fresher {edges}")),
        "budget_buyer": {
            "frequency_above": rng.randrange(5),
            "aov_minor_at_most": rng.choice(ROUND_UNITS) * unit + rng.randrange(2),
        },
        "power_user": {
            "monetary_minor_above": rng.choice(ROUND_UNITS) * unit,
            "aov_minor_above": rng.choice(ROUND_UNITS[:10]) * unit - rng.randrange(2),
        },
        "value": _value(random.Random(str(edges))),
    }


def _fresher_hysteresis(rng: random.Random) -> float | None:
    return rng.choice((None, 0.2, 0.2, rng.uniform(0, 0.6)))


def _value(rng: random.Random) -> Json | None:
    """Return parameters as of shops whose customers come daily or yearly; some are corrected, some only learn to be."""
    if rng.random() < 0.15:
        return None
    return {
        "orders": {
            "r": _log_uniform(rng, 0.05, 5), "alpha": _log_uniform(rng, 1, 100),
            "a": _log_uniform(rng, 0.02, 5), "b": _log_uniform(rng, 0.2, 50),
        },
        "amounts": {"p": _log_uniform(rng, 0.3, 20), "q": rng.uniform(1.1, 6), "v": _log_uniform(rng, 1, 200)},
        "priced_by": rng.choice(("bg_nbd", "poisson", "poisson")),
        "labels": rng.randrange(20_000),
        "correction": {
            "mean": [rng.uniform(0, 5) for _ in range(7)],
            "deviation": [rng.uniform(0.2, 2.5) for _ in range(7)],
            "weights": [rng.gauss(0, 0.4) for _ in range(8)],
            "precision": [1.0] * 36,
            "bound": rng.choice((0.5, 3.0)),
        },
    }  # fmt: skip


def _log_uniform(rng: random.Random, least: float, most: float) -> float:
    return exp(rng.uniform(log(least), log(most)))


def _edges(rng: random.Random, unit: int) -> Json:
    return {
        "recency_days": _four(rng, [rng.randrange(12), rng.randrange(40), rng.randrange(6)]),
        "frequency": _four(rng, [rng.randrange(1, 5), rng.randrange(1, 12)]),
        "monetary_minor": _four(rng, [one * unit + rng.choice((0, 0, -1, 1)) for one in rng.sample(ROUND_UNITS, 8)]),
        "aov_minor": _four(rng, [one * unit for one in rng.sample(ROUND_UNITS[:12], 6)]),
    }


def _four(rng: random.Random, values: list[int]) -> list[int]:
    """Return four edges in order, often with equal ones among them."""
    return sorted(max(0, rng.choice(values) + rng.choice((0, 0, 0, 1, 2))) for _ in range(4))


def _deviation(rng: random.Random) -> list[float]:
    return [1.0] * 5 if rng.random() < 0.2 else [round(rng.uniform(0.2, 2.5), 6) for _ in range(5)]


def _clusters(rng: random.Random) -> list[Json]:
    count = rng.choice((2, 2, 3, 4, 8))
    ids = rng.sample(range(10), count)
    clusters: list[Json] = [
        {"id": one, "name": rng.choice(NAMES) if rng.random() < 0.2 else NAMES[one % 8], "centre": _centre(rng)}
        for one in ids
    ]
    if rng.random() < 0.2:
        clusters[-1]["centre"] = clusters[0]["centre"]
    return [cluster | {"share": 1 / count} for cluster in clusters]


def _centre(rng: random.Random) -> list[float]:
    frequency, spend = rng.randrange(1, 12), rng.choice(ROUND_UNITS) * rng.uniform(0.5, 2)
    recency = rng.choice((0, 1, 4, 15, 40))
    raw = (recency, frequency, spend, spend / frequency, recency + rng.choice((0, 5, 20, 60)))
    return [log1p(value) for value in raw]


def _moved(rng: random.Random, clusters: object) -> list[Json]:
    """Return the clusters a day later: centres moved a little, some renamed, one gone, the order perhaps another."""
    assert isinstance(clusters, list)
    moved: list[Json] = [dict(one) for one in clusters]
    for cluster in moved:
        centre = cluster["centre"]
        assert isinstance(centre, list)
        by = rng.choice((0, 0.05, 0.6))
        cluster["centre"] = [max(0.0, value + rng.uniform(-by, by)) for value in centre]
        if rng.random() < 0.15:
            cluster["name"] = rng.choice(NAMES)
    if len(moved) > 2 and rng.random() < 0.3:
        moved.pop(rng.randrange(len(moved)))
    if rng.random() < 0.3:
        rng.shuffle(moved)
    return moved
