"""Samples and snapshots for the tests of the models."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec
import numpy as np

from models.settings import LearningSettings
from models.trainer import Trainer
from schemas.samples import Sample, SampleSlice
from schemas.snapshot import Snapshot

DAY = 86_400_000_000
SMALL = LearningSettings(k=4, warm_up_days=2, reservoir_customers=150, learn_every=2)


def slices(days: int, customers: int = 200, seed: int = 3) -> Iterator[SampleSlice]:
    """A sweep a day over four kinds of customers, each in one slice, and the beginning of the day after."""
    rng = np.random.default_rng(seed)
    for day in range(days):
        rows = []
        for number in range(customers):
            kind = number % 4
            frequency = 1 + int(rng.poisson((1, 4, 12, 40)[kind]))
            recency = int(rng.poisson((60, 20, 6, 1)[kind]))
            spend = int(frequency * (900, 4_000, 1_500, 6_000)[kind] * rng.uniform(0.7, 1.3))
            tenure, recent = recency + frequency * 5 + day, spend // frequency if recency < 28 else 0
            rows.append(Sample(f"c-{number}", recency, frequency, spend, tenure, recent, min(3 * recent, spend)))
        yield SampleSlice(partition=0, at=day * DAY, rows=tuple(rows))
    yield SampleSlice(partition=0, at=days * DAY, rows=())


def trained(trainer: Trainer, days: int) -> list[Snapshot]:
    """The snapshots of so many days."""
    return folded(trainer, enumerate(slices(days)))


def folded(trainer: Trainer, records: Iterable[tuple[int, SampleSlice]]) -> list[Snapshot]:
    """What the trainer makes of these records: offset and slice."""
    found = [trainer.take(samples, offset) for offset, samples in records]
    return [snapshot for snapshot in found if snapshot is not None]


@lru_cache
def a_snapshot() -> Snapshot:
    """One that was learnt."""
    return trained(Trainer(SMALL), 4)[-1]


def with_group(days: int, customers: int, since: int) -> Iterator[tuple[int, SampleSlice]]:
    """`slices` under their offsets, and from a day on a group of so many, far from all of them."""
    for day, whole in enumerate(slices(days)):
        rows = [
            Sample(f"new-{number}", 0, 150 + number % 5, 9_000_000 + 1_000 * number, day - since)
            for number in range(customers if day >= since and whole.rows else 0)
        ]
        yield day, msgspec.structs.replace(whole, rows=(*whole.rows, *rows))
