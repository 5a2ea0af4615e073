"""What `make quality` measures, on less of the Complete Journey: what must hold, holds, where nobody tuned as well."""

from functools import lru_cache

import numpy as np
import pytest

from bench.facts import days_of_facts
from bench.quality_edges import facts_by_hour, in_a_large_shop, known, rank_errors
from bench.quality_run import Facts
from bench.quality_settings import QUICK_DAYS, SETTINGS, Setting, at_setting, keeps
from bench.quality_shops import journey, measured
from models.quantiles import edges_of
from models.settings import LearningSettings

WITHIN = 0.005


@lru_cache
def days() -> list[Facts]:
    return list(days_of_facts())


@pytest.mark.parametrize("name", ["k = 4", "k = 8", "three features (recency, frequency, spend)"])
def test_clusters_are_nearly_as_good_as_a_batch_at_settings_that_nobody_tuned(name: str) -> None:
    (setting,) = [one for one in SETTINGS if one.name == name]
    run = at_setting(setting, days()[:QUICK_DAYS], 1)
    assert keeps(run)
    assert len(run.switched) > QUICK_DAYS - 16, "there was hardly anything to judge"
    assert np.array(run.edge_errors).max() <= WITHIN
    assert run.last is not None
    assert len(run.last.clusters) == setting.learning.k


def test_customers_who_come_ten_times_faster_are_followed_from_the_warm_up_on() -> None:
    run = at_setting(SETTINGS[-1], days(), 11)
    assert [one.day for one in run.checkpoints[:3]] == [15, 17, 19]
    assert keeps(run)
    assert max(one.inertia for one in run.checkpoints) <= 1.05


def test_a_learning_rate_that_forgets_everything_would_not_pass() -> None:
    """The measure can fail: no anchor, no restart, and River alone with a rate of nearly all the way."""
    wild = LearningSettings(halflife=0.9, anchor_pull=0.0, learn_every=1, restart_gain=1.0, hysteresis=0.0)
    assert not keeps(at_setting(Setting("wild", wild), days()[:QUICK_DAYS], 1))


def test_edges_of_half_of_a_large_shop_are_within_half_a_percent() -> None:
    edges, everyone = in_a_large_shop(known(days()[-1]), seed=11, customers=120_000, kept=60_000)
    assert max(rank_errors(edges, everyone)) <= WITHIN


def test_the_last_hour_of_a_day_is_the_day() -> None:
    for by_hour, facts in zip(facts_by_hour(20), days(), strict=False):
        assert np.array_equal(by_hour[-1], facts)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_must_hold_holds_through_the_products_own_code() -> None:
    """All households, the whole year, one seed, five checkpoints."""
    program, records = journey()
    (run,) = measured(program, records, [1], 5)
    assert (len(run.checkpoints), len(run.switched) > 345) == (5, True)
    for one in run.checkpoints:
        assert (one.silhouette >= 0.95, one.inertia <= 1.05, one.least_share > 0.005) == (True, True, True), one
    assert np.mean(run.switched) <= 0.01
    assert (run.flaps <= 5, run.renamed <= 1, run.alarms) == (True, True, [])
    assert np.array(run.edge_errors).max() <= WITHIN


def test_a_rank_error_is_seen() -> None:
    facts = known(days()[QUICK_DAYS])
    of_half = edges_of(facts[facts[:, 1] > np.median(facts[:, 1])])
    assert max(rank_errors(of_half, facts)) > 10 * WITHIN
