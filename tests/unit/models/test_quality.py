"""What `make quality` measures, on less of the Complete Journey: what must hold, holds, where nobody tuned as well."""

from functools import lru_cache

import numpy as np
import pytest

from bench.quality import days_of_facts
from bench.quality_edges import facts_by_hour, in_a_large_shop, known, rank_errors, swept
from bench.quality_run import Facts
from bench.quality_settings import QUICK_DAYS, SETTINGS, Setting, keeps, measured
from models.quantiles import edges_of
from models.settings import LearningSettings

WITHIN = 0.005


@lru_cache
def days() -> list[Facts]:
    return list(days_of_facts())


@pytest.mark.parametrize("name", ["k = 4", "k = 8", "three features (recency, frequency, spend)"])
def test_clusters_are_nearly_as_good_as_a_batch_at_settings_that_nobody_tuned(name: str) -> None:
    (setting,) = [one for one in SETTINGS if one.name == name]
    run = measured(setting, days()[:QUICK_DAYS], 1)
    assert keeps(run)
    assert len(run.switched) > QUICK_DAYS - 16, "there was hardly anything to judge"
    assert np.array(run.edge_errors).max() <= WITHIN
    assert run.last is not None
    assert len(run.last.clusters) == setting.learning.k


def test_customers_who_come_ten_times_faster_are_followed_from_the_warm_up_on() -> None:
    run = measured(SETTINGS[-1], days(), 11)
    assert [one.day for one in run.checkpoints[:3]] == [15, 17, 19]
    assert keeps(run)
    assert max(one.inertia for one in run.checkpoints) <= 1.05


def test_a_learning_rate_that_forgets_everything_would_not_pass() -> None:
    """The measure can fail: no anchor, no restart, and River alone with a rate of nearly all the way."""
    wild = LearningSettings(halflife=0.9, anchor_pull=0.0, learn_every=1, restart_gain=1.0, hysteresis=0.0)
    assert not keeps(measured(Setting("wild", wild), days()[:QUICK_DAYS], 1))


def test_edges_of_half_of_a_large_shop_are_within_half_a_percent() -> None:
    edges, everyone = in_a_large_shop(known(days()[-1]), seed=11, customers=120_000, kept=60_000)
    assert max(rank_errors(edges, everyone)) <= WITHIN


def test_the_last_hour_of_a_day_is_the_day() -> None:
    hours = list(facts_by_hour(20))
    for by_hour, facts in zip(hours, days(), strict=False):
        assert np.array_equal(by_hour[-1], facts)
    assert np.array_equal(swept(hours[-1])[23::24], hours[-1][-1][23::24])
    assert not np.array_equal(swept(hours[-1]), hours[-1][-1])


def test_a_rank_error_is_seen() -> None:
    facts = known(days()[QUICK_DAYS])
    of_half = edges_of(facts[facts[:, 1] > np.median(facts[:, 1])])
    assert max(rank_errors(of_half, facts)) > 10 * WITHIN
