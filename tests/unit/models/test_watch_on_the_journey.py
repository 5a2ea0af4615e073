"""Alarms on real baskets: one soon when a kind of customer is put in; that there is none else is in test_quality.py."""

import numpy as np

from bench.facts import days_of_facts
from models.settings import LearningSettings
from models.trainer import Trainer
from schemas.drift import Drift, Emerging
from schemas.instants import DAY_MICROSECONDS
from schemas.samples import Sample, SampleSlice

INJECTED_ON = 120
FOUND_WITHIN_DAYS = 16


def drift_by_day(injected_on: int, until: int) -> dict[int, Drift]:
    trainer, found = Trainer(LearningSettings()), {}
    for day, facts in enumerate(days_of_facts()):
        if day == until:
            break
        rows = [Sample(str(number), *facts[number].tolist()) for number in np.flatnonzero(facts[:, 1] > 0)]
        rows += look_alikes(day - injected_on)
        trainer.take(SampleSlice(partition=0, at=day * DAY_MICROSECONDS, rows=tuple(rows)), 2 * day)
        ended = SampleSlice(partition=0, at=(day + 1) * DAY_MICROSECONDS, rows=())
        snapshot = trainer.take(ended, 2 * day + 1)
        if snapshot is not None and snapshot.drift is not None:
            found[day] = snapshot.drift
    return found


def look_alikes(days: int) -> list[Sample]:
    """Forty customers who come four a day: one or two orders of 20,000, and nothing since."""
    came = [(number, days - number // 4) for number in range(40) if days >= number // 4]
    return [Sample(f"new-{number}", ago, 1 + number % 2, 2_000_000 + 10_000 * number, ago) for number, ago in came]


def test_forty_look_alikes_are_found_within_sixteen_days() -> None:
    found = drift_by_day(INJECTED_ON, INJECTED_ON + FOUND_WITHIN_DAYS)
    groups: dict[int, Emerging] = {day: one.emerging for day, one in found.items() if one.emerging is not None}
    assert groups, "nobody was found"
    assert min(groups) >= INJECTED_ON
    assert [one.is_new for one in groups.values()].count(True) == 1
