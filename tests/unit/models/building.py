"""Samples and snapshots for the tests of the models."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from models.settings import LearningSettings
from models.trainer import Trainer
from schemas.features import CustomerFacts, FeatureSample
from schemas.snapshot import Snapshot

DAY = 86_400_000_000
SMALL = LearningSettings(k=4, warm_up_days=2, reservoir_customers=150, learn_every=2)


def samples(days: int, customers: int = 200, seed: int = 3) -> Iterator[list[FeatureSample]]:
    """A sweep a day over four kinds of customers."""
    rng = np.random.default_rng(seed)
    for day in range(days):
        swept = []
        for number in range(customers):
            kind = number % 4
            frequency = 1 + int(rng.poisson((1, 4, 12, 40)[kind]))
            recency = int(rng.poisson((60, 20, 6, 1)[kind]))
            spend = int(frequency * (900, 4_000, 1_500, 6_000)[kind] * rng.uniform(0.7, 1.3))
            facts = CustomerFacts(recency, frequency, spend, recency + frequency * 5 + day)
            swept.append(FeatureSample(f"c-{number}", day * DAY, facts))
        yield swept


def trained(trainer: Trainer, days: int, start: int = 0) -> list[Snapshot]:
    """The snapshots of days ``start`` to ``days``."""
    found = []
    for day, swept in enumerate(samples(days)):
        if day < start:
            continue
        for sample in swept:
            trainer.learn(sample)
        snapshot = trainer.day_ended((day + 1) * DAY)
        if snapshot is not None:
            found.append(snapshot)
    return found


@lru_cache
def a_snapshot() -> Snapshot:
    """One that was learnt."""
    return trained(Trainer(SMALL), 4)[-1]
