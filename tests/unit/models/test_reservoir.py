"""The customers whom centres are drawn from: enough of them that a small shop has no noise of the draw."""

import numpy as np
import pytest
from sklearn.cluster import KMeans  # type: ignore[import-untyped]

from bench.quality_shops import cdnow_shop, measured
from models.centres import Centres
from models.kmeans import Points, inertia
from models.settings import LearningSettings

SMALL_DRAW = 1_000


def test_in_a_shop_that_fits_into_the_reservoir_the_draw_decides_nothing() -> None:
    points = cloud(LearningSettings().reservoir_customers)
    assert np.array_equal(next_day(points, seed=1), next_day(points, seed=2))
    assert not np.array_equal(next_day(points, seed=1, drawn=SMALL_DRAW), next_day(points, seed=2, drawn=SMALL_DRAW))


def test_a_challenger_is_hardly_worse_than_batch_k_means() -> None:
    """Less than half of what it has to be better by; drawn from a thousand customers it is not."""
    points = cloud(2_357)
    best = KMeans(6, n_init=10, random_state=0).fit(points).inertia_ / len(points)
    half = LearningSettings().restart_gain / 2
    assert challengers(points, LearningSettings().reservoir_customers) < best * (1 + half)
    assert challengers(points, SMALL_DRAW) > best * (1 + half)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_shop_whose_new_customers_stop_coming_is_followed_within_weeks() -> None:
    """CDNOW: the last new customer comes on day 84. A draw of a thousand found no better centres before day 200."""
    program, records = cdnow_shop(quick=True)
    (run,) = measured(program, records, [2], 10)
    after = run.checkpoints[-2]
    assert (after.day, after.silhouette >= 0.95, after.inertia <= 1.05) == (107, True, True), after


def cloud(customers: int) -> Points:
    """Customers as they are: in no groups, a lot of them nearly alike, some far out."""
    rng = np.random.default_rng(7)
    points = rng.normal(size=(customers, 5)) + rng.exponential(size=(customers, 1)) * np.array([2.0, 1.0, 1.0, 0, -1.0])
    return np.asarray((points - points.mean(axis=0)) / points.std(axis=0), dtype=np.float64)


def next_day(points: Points, seed: int, drawn: int | None = None) -> Points:
    settings = LearningSettings(seed=seed, reservoir_customers=drawn or LearningSettings().reservoir_customers)
    zero, one = np.zeros(5), np.ones(5)
    return Centres(settings).next(points, points[:6], 20, zero, one)


def challengers(points: Points, drawn: int) -> float:
    """The mean inertia of those of twenty days."""
    centres = Centres(LearningSettings(reservoir_customers=drawn))
    return float(np.mean([inertia(points, centres.first(points, day)) for day in range(20)]))
