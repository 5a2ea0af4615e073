"""Laws of look-alikes: beside brute force, from either side, and never oneself."""

from __future__ import annotations

from random import Random

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.lookalikes import Lookalikes, differences, score_of
from models.population import population_of
from models.sample_table import FORGET_AFTER_DAYS, Sampled, SampleTable
from schemas.features import KEY_LIMIT, CustomerFacts, log_features, sampling_key
from schemas.samples import Sample, SampleSlice
from tests.unit.models.building import DAY, a_snapshot

facts = st.builds(
    CustomerFacts,
    recency_days=st.integers(0, 400),
    frequency=st.integers(1, 60),
    monetary_minor=st.integers(0, 500_000),
    tenure_days=st.integers(0, 900),
    month_minor=st.just(0),
    quarter_minor=st.just(0),
)
crowds = st.lists(facts, min_size=1, max_size=60)


def index_of(crowd: list[CustomerFacts]) -> Lookalikes:
    rows = np.array([msgspec.structs.astuple(one)[:4] for one in crowd], np.int64).reshape(len(crowd), 4)
    return Lookalikes(Sampled([f"c-{i}" for i in range(len(crowd))], rows, np.arange(len(crowd))), a_snapshot())


def distance(one: CustomerFacts, other: CustomerFacts) -> float:
    """By hand: not by what is under test."""
    deviation = a_snapshot().scaling.deviation
    pairs = zip(log_features(one, 100), log_features(other, 100), deviation, strict=True)
    return float(sum(((a - b) / d) ** 2 for a, b, d in pairs) ** 0.5)


@given(crowd=crowds, asked=facts, count=st.integers(1, 70))
def test_the_nearest_are_those_that_brute_force_finds(
    crowd: list[CustomerFacts], asked: CustomerFacts, count: int
) -> None:
    found = index_of(crowd).nearest(asked, count, without="nobody")
    far = [distance(asked, crowd[int(one.customer_id[2:])]) for one in found]
    assert far == pytest.approx(sorted(distance(asked, one) for one in crowd)[:count])
    assert len({one.customer_id for one in found}) == min(count, len(crowd))
    assert all(one.sampled_at == int(one.customer_id[2:]) for one in found)


@given(crowd=crowds, count=st.integers(1, 70), data=st.data())
def test_nobody_is_their_own_lookalike_also_among_twins(
    crowd: list[CustomerFacts], count: int, data: st.DataObject
) -> None:
    crowd = crowd + crowd[:1] * 5
    who = data.draw(st.integers(0, len(crowd) - 1))
    found = index_of(crowd).nearest(crowd[who], count, without=f"c-{who}")
    assert f"c-{who}" not in {one.customer_id for one in found}
    others = sorted(distance(crowd[who], one) for number, one in enumerate(crowd) if number != who)
    assert [distance(crowd[who], crowd[int(one.customer_id[2:])]) for one in found] == pytest.approx(others[:count])


@given(one=facts, other=facts)
def test_a_score_is_the_same_from_either_side_and_one_only_for_the_same_features(
    one: CustomerFacts, other: CustomerFacts
) -> None:
    score = score_of(differences(one, other, a_snapshot()))
    assert score == score_of(differences(other, one, a_snapshot()))
    assert 0 < score <= 1
    assert (score == 1) == (log_features(one, 100) == log_features(other, 100))


@given(asked=facts, nearer=facts, further=facts)
def test_who_is_further_never_scores_more(asked: CustomerFacts, nearer: CustomerFacts, further: CustomerFacts) -> None:
    near, far = sorted((nearer, further), key=lambda one: distance(asked, one))
    assert score_of(differences(asked, near, a_snapshot())) >= score_of(differences(asked, far, a_snapshot())) - 1e-12


def test_a_deviation_in_every_feature_is_half() -> None:
    assert score_of((1.0, 1.0, 1.0, 1.0, 1.0)) == 0.5


def a_sample(customer_id: str, recency: int = 3, frequency: int = 4) -> Sample:
    return Sample(customer_id, recency, frequency, 9_000, 50)


def a_slice(day: int, *rows: Sample) -> SampleSlice:
    return SampleSlice(partition=0, at=day * DAY, rows=rows)


def test_the_newest_sample_of_a_customer_counts_in_whatever_order_they_come() -> None:
    table = SampleTable()
    table.take(a_slice(2, a_sample("c-1", 1)))
    table.take(a_slice(1, a_sample("c-1", 9)))
    table.take(a_slice(2, a_sample("c-2", frequency=0)))
    sampled = table.as_of(2 * DAY)
    assert (sampled.ids, sampled.facts.tolist()) == (["c-1"], [[1, 4, 9_000, 50]])


def test_days_go_on_for_who_was_sampled_earlier() -> None:
    table = SampleTable()
    table.take(a_slice(2, a_sample("c-1")))
    table.take(a_slice(4, a_sample("c-2")))
    assert table.as_of(4 * DAY).facts.tolist() == [[5, 4, 9_000, 52], [3, 4, 9_000, 50]]


@pytest.mark.parametrize("seed", range(3))
def test_a_table_holds_what_a_dict_would(seed: int) -> None:
    random, table, expected = Random(seed), SampleTable(), dict[str, tuple[int, int]]()
    for number in range(4_000):
        customer_id, day = f"c-{random.randrange(1_900)}", random.randrange(20)
        table.take(a_slice(day, a_sample(customer_id, number)))
        if day * DAY >= expected.get(customer_id, (0, 0))[0]:
            expected[customer_id] = day * DAY, number
    sampled = table.as_of(0)
    found = zip(sampled.ids, sampled.sampled_at.tolist(), sampled.facts[:, 0].tolist(), strict=True)
    assert {one: (at, recency) for one, at, recency in found} == expected


def test_who_is_sampled_no_more_drops_out_and_so_do_those_who_are_not_asked_for() -> None:
    table, below = SampleTable(), sampling_key("c-3") + 1
    outside = next(f"x-{n}" for n in range(99) if sampling_key(f"x-{n}") >= below)
    inside = next(f"y-{n}" for n in range(999) if sampling_key(f"y-{n}") < below)
    table.take(a_slice(0, a_sample("c-3")))
    table.take(a_slice(FORGET_AFTER_DAYS + 1, a_sample(outside), a_sample(inside)))
    snapshot = msgspec.structs.replace(a_snapshot(), sample_below=below)
    population = population_of(7, snapshot, table)
    assert (population.sampled.ids, population.version) == ([inside], 7)
    assert population.share_sampled == below / KEY_LIMIT
    table.keep(0, without={inside})
    assert len(table) == 0
    table.take(a_slice(FORGET_AFTER_DAYS + 2, a_sample(inside)))
    assert table.as_of(0).ids == [inside]


def test_nobody_is_near_where_nobody_was_sampled() -> None:
    empty = Sampled([], np.empty((0, 4), np.int64), np.empty(0, np.int64))
    assert Lookalikes(empty, a_snapshot()).nearest(CustomerFacts(1, 1, 1, 1, 0, 0), 3, "c") == []
