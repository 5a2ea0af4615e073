"""A shop that closes: the centres stay with their customers over days that no sweep saw."""

import copy
from typing import NamedTuple

import numpy as np
import pytest

from bench.facts import days_of_facts
from bench.quality_run import Facts, samples_of, whole_sweep
from models import trainer
from models.kmeans import Points, fresh_centres, inertia
from models.scaled import Scaled, days_ago, scaled
from models.settings import LearningSettings
from models.trainer import Trainer
from schemas.samples import SampleSlice
from schemas.snapshot import Snapshot
from tests.unit.models.building import DAY

SETTINGS = LearningSettings()
CLOSES_AFTER, CLOSED_FOR = 40, 30
AGES = np.array([1, 0, 0, 1])


class Closing(NamedTuple):
    """A shop in the moment in which it closes."""

    learning: Trainer
    facts: Facts

    def reopened(self) -> tuple[Snapshot, Facts]:
        """What is learnt on the first day after the break, of which there was no sample, and that day's facts."""
        after = closed(self.facts, CLOSED_FOR)
        return learnt(self.learning, CLOSES_AFTER, [after], CLOSES_AFTER - 1 + CLOSED_FOR), after


@pytest.fixture(scope="module")
def forty_days() -> Closing:
    """The Complete Journey's first forty days."""
    days = [facts for _, facts in zip(range(CLOSES_AFTER), days_of_facts(), strict=False)]
    learning = Trainer(SETTINGS)
    for day, facts in enumerate(days):
        learning.take(sampled(day, facts), day)
    return Closing(learning, days[-1])


@pytest.fixture
def closing(forty_days: Closing) -> Closing:
    return copy.deepcopy(forty_days)


def sampled(day: int, facts: Facts) -> SampleSlice:
    (numbered,) = whole_sweep(day, facts)
    return SampleSlice(partition=0, at=day * DAY, rows=samples_of(numbered))


def closed(facts: Facts, days: int) -> Facts:
    return np.where(facts[:, 1:2] > 0, facts + days * AGES, facts)


def learnt(learning: Trainer, offset: int, days: list[Facts], first_day: int) -> Snapshot:
    """What is learnt from these days in turn."""
    found = [learning.take(sampled(first_day + more, facts), offset + more) for more, facts in enumerate(days)]
    assert found[-1] is not None
    return found[-1]


def behind_a_batch(snapshot: Snapshot, facts: Facts) -> float:
    """How many times a batch k-means' inertia is that of the snapshot."""
    today = scaled(facts[facts[:, 1] > 0], SETTINGS)
    starts = [fresh_centres(today.points, SETTINGS.k, np.random.default_rng(seed), 1, 30) for seed in range(10)]
    centres: Points = np.array([cluster.centre for cluster in snapshot.clusters])
    return inertia(today.points, today.of(centres)) / min(inertia(today.points, start) for start in starts)


def test_after_a_month_without_a_sweep_clusters_are_nearly_as_good_as_a_batch(closing: Closing) -> None:
    assert behind_a_batch(*closing.reopened()) <= 1.1


def test_in_one_leap_they_would_not_be(closing: Closing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "_QUIET_DAYS_MOST", 0)
    assert behind_a_batch(*closing.reopened()) > 1.2


def test_it_is_nearly_as_if_each_of_the_days_had_been_swept(forty_days: Closing, closing: Closing) -> None:
    snapshot, after = closing.reopened()
    through = [closed(forty_days.facts, day) for day in range(1, CLOSED_FOR + 1)]
    lived = learnt(copy.deepcopy(forty_days.learning), CLOSES_AFTER, through, CLOSES_AFTER)
    assert behind_a_batch(snapshot, after) == pytest.approx(behind_a_batch(lived, after), abs=0.03)


def test_who_ordered_since_is_left_out_of_the_days_before() -> None:
    facts = np.array([[0, 3, 500, 40], [2, 1, 100, 2], [9, 4, 900, 90]])
    assert days_ago(facts, 2).tolist() == [[0, 1, 100, 0], [7, 4, 900, 88]]
    assert days_ago(facts, 10).tolist() == []


def test_units_go_there_and_back() -> None:
    here = Scaled(np.zeros((1, 5)), np.arange(5.0), np.arange(1.0, 6.0))
    points = np.array([[1.0, -2.0, 3.0, 0.5, 0.0]])
    assert np.allclose(here.of(here.raw(points)), points)
