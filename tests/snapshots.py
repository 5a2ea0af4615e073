"""Snapshots as no trainer would make them: anything that a published one may hold."""

from __future__ import annotations

from random import Random

from schemas.features import Features
from schemas.snapshot import (
    SNAPSHOT_FORMAT,
    BudgetBuyerThresholds,
    Cluster,
    Edges,
    PowerUserThresholds,
    Quintiles,
    Scaling,
    Snapshot,
)
from schemas.value import BgNbd, Correction, GammaGamma, Value


def random_snapshot(random: Random) -> Snapshot:
    """Return one for a handful of customers with a few small orders; edges may be equal."""
    edges = Edges(_edges(random, 6), _edges(random, 5), _edges(random, 8000), _edges(random, 3000))
    return Snapshot(
        format=SNAPSHOT_FORMAT,
        trained_at=0,
        customers=random.randrange(1, 100),
        restarts=0,
        minor_per_major=100,
        edges=edges,
        scaling=Scaling(_features(random, 0.0, 3.0), _features(random, 0.2, 1.5)),
        clusters=tuple(
            Cluster(number, name, _features(random, 0.0, 4.0), 0.2)
            for number, name in enumerate(random.sample(("Champions", "Loyal", "Steady", "Dormant", "Newcomers"), 3))
        ),
        hysteresis=random.choice((0.0, 0.1, 0.3)),
        fresher_hysteresis=random.choice((None, 0.2, 0.4)),
        budget_buyer=BudgetBuyerThresholds(edges.frequency[2], edges.aov_minor[1]),
        power_user=PowerUserThresholds(edges.monetary_minor[3], edges.aov_minor[3]),
        value=None if random.random() < 0.1 else random_value(random),
    )


def random_value(random: Random) -> Value:
    """Return parameters as of shops whose customers come daily or yearly."""
    orders = BgNbd(random.uniform(0.1, 3), random.uniform(1, 90), random.uniform(0.05, 3), random.uniform(0.3, 20))
    amounts = GammaGamma(random.uniform(0.5, 9), random.uniform(1.1, 6), random.uniform(1, 90))
    correction = Correction(
        tuple(random.uniform(0, 4) for _ in range(7)),
        tuple(random.uniform(0.2, 2) for _ in range(7)),
        tuple(random.gauss(0, 0.3) for _ in range(8)),
        (1.0,) * 36,
        3.0,
    )
    return Value(orders, amounts, random.choice(("bg_nbd", "poisson")), random.randrange(9_000), correction)


def _edges(random: Random, most: int) -> Quintiles:
    first, second, third, fourth = sorted(random.randrange(most) for _ in range(4))
    return (first, second, third, fourth)


def _features(random: Random, least: float, most: float) -> Features:
    one, two, three, four, five = (round(random.uniform(least, most), 9) for _ in range(5))
    return (one, two, three, four, five)
