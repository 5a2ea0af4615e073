"""Value in 90 days: the papers' figures, one as many, what a fit finds again, and what labels teach."""

from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import state.active_orders
from models.correction import learnt
from models.prior import Prior, _amounts_likelihood, _LogLikelihood, _orders_likelihood, expected_value, fitted
from models.trainer import Trainer
from schemas.features import CustomerFacts, log_features, value_features
from schemas.samples import Sample, SampleSlice, decode_slice
from schemas.snapshot import decode_snapshot, encode_snapshot
from schemas.value import BgNbd, Correction, GammaGamma, PricedBy, Value
from state.active_orders import orders_while_active
from state.customer import Standing
from state.score import model_of
from state.value import pricing_of, value_minor
from tests.unit.models.building import DAY, SMALL, a_snapshot, trained

CDNOW = Prior(BgNbd(0.243, 4.414 * 7, 0.793, 2.426), GammaGamma(6.25, 3.74, 15.44))
"""The parameters of the papers; theirs are weeks."""

parameters = st.builds(
    BgNbd, r=st.floats(0.05, 5), alpha=st.floats(1, 200), a=st.floats(0.05, 5) | st.just(1.0), b=st.floats(0.1, 50)
)
customers = st.integers(0, 900).flatmap(
    lambda tenure: st.builds(
        CustomerFacts,
        recency_days=st.integers(0, tenure),
        frequency=st.integers(1, 200),
        monetary_minor=st.integers(0, 10_000_000),
        tenure_days=st.just(tenure),
        month_minor=st.integers(0, 100_000),
        quarter_minor=st.integers(0, 100_000),
    )
)


def priced(prior: Prior, facts: CustomerFacts, correction: Correction | None = None) -> int:
    by: PricedBy = "bg_nbd" if correction is None else "poisson"
    snapshot = msgspec.structs.replace(a_snapshot(), value=Value(*prior, by, 0, correction))
    pricing = pricing_of(snapshot)
    assert pricing is not None
    return value_minor(pricing, facts, log_features(facts, pricing.minor_per_major))


def as_row(facts: CustomerFacts) -> "np.ndarray[tuple[int, int], np.dtype[np.int64]]":
    return np.array([[facts.recency_days, facts.frequency, facts.monetary_minor, facts.tenure_days]])


def test_the_worked_customer_of_the_paper_orders_1_23_times_in_39_weeks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fader, Hardie and Lee, "Implementing the BG/NBD Model ... in Excel" (2005): x = 2, t_x = 30.43, T = 38.86."""
    monkeypatch.setattr(state.active_orders, "HORIZON_DAYS", 39 * 7)
    while_active = orders_while_active(CDNOW.orders)(2, round(38.86 * 7))
    exponent = 2.243 * np.log((4.414 + 38.86) / (4.414 + 30.43))
    assert while_active / (1 + 0.793 / 3.426 * np.exp(exponent)) == pytest.approx(1.226, abs=0.002)


@settings(deadline=None)
@given(parameters, customers)
def test_one_and_many_are_priced_alike(orders: BgNbd, facts: CustomerFacts) -> None:
    prior = Prior(orders, CDNOW.amounts)
    assert priced(prior, facts) == pytest.approx(float(expected_value(prior, as_row(facts), 100)[0]) * 100, abs=0.51)


@settings(deadline=None)
@given(parameters, st.lists(st.tuples(st.integers(0, 300), st.integers(0, 900)), min_size=1, max_size=30))
def test_what_is_remembered_of_others_moves_no_digit(orders: BgNbd, asked: list[tuple[int, int]]) -> None:
    """A worker that has just started must price as one that has priced all day."""
    long_running = orders_while_active(orders)
    assert [long_running(*one) for one in asked] == [orders_while_active(orders)(*one) for one in asked]


@given(customers, st.lists(st.floats(-0.2, 0.2), min_size=8, max_size=8))
def test_one_is_corrected_by_the_features_that_were_learnt_from(facts: CustomerFacts, weights: list[float]) -> None:
    correction = Correction((1.0,) * 7, (2.0,) * 7, tuple(weights), (), 3.0)
    scaled = (np.array(value_features(facts, 100)) - 1) / 2
    factor = np.exp(np.clip(weights[0] + scaled @ np.array(weights[1:]), -3, 3))
    prior = float(expected_value(CDNOW, as_row(facts), 100)[0]) * 100
    assert priced(CDNOW, facts, correction) == pytest.approx(prior * factor, abs=0.51)


@given(st.floats(0.05, 5), st.floats(1, 200), st.floats(0.05, 0.95), st.integers(0, 900))
def test_an_a_and_b_that_add_up_to_1_are_no_pole(r: float, alpha: float, a: float, tenure: int) -> None:
    """Then c is 0 for who ordered once."""
    once = CustomerFacts(tenure, 1, 5000, tenure)
    prices = [priced(Prior(BgNbd(r, alpha, a, 1 - a + off), CDNOW.amounts), once) for off in (-1e-7, 0, 1e-7)]
    assert max(prices) - min(prices) <= 1
    of_many = float(expected_value(Prior(BgNbd(r, alpha, a, 1 - a), CDNOW.amounts), as_row(once), 100)[0])
    assert prices[1] == pytest.approx(of_many * 100, abs=0.51)


@settings(deadline=None)
@given(parameters, customers)
def test_a_price_is_never_negative_and_an_a_of_1_is_no_pole(orders: BgNbd, facts: CustomerFacts) -> None:
    near = [msgspec.structs.replace(orders, a=a) for a in (1 - 1e-9, 1, 1 + 1e-9)]
    values = [priced(Prior(one, CDNOW.amounts), facts) for one in near]
    assert min(values) >= 0
    assert max(values) - min(values) <= 1 + 1e-4 * values[1]


@settings(deadline=None)
@given(parameters, customers)
def test_silence_never_raises_a_price(orders: BgNbd, facts: CustomerFacts) -> None:
    """The same orders, the last one longer ago: by the model, whoever has ordered twice is more likely gone."""
    ages = [priced(Prior(orders, CDNOW.amounts), msgspec.structs.replace(facts, tenure_days=900, recency_days=ago))
            for ago in (0, 30, 300)]  # fmt: skip
    assert facts.frequency == 1 or all(later <= earlier + 1 for earlier, later in pairwise(ages))


def simulated(count: int, days: int) -> "tuple[np.ndarray[tuple[int, int], np.dtype[np.int64]], float]":
    """Customers of the paper's model after so many days, and what they spend in the 90 days after, in major units."""
    rng, (orders, amounts) = np.random.default_rng(7), CDNOW
    rows, later = [], 0.0
    for _ in range(count):
        rate, leaves = rng.gamma(orders.r) / orders.alpha, rng.beta(orders.a, orders.b)
        scale = 1 / (rng.gamma(amounts.q) / amounts.v)
        joined = int(rng.integers(0, days // 2))
        at, first, last, n, spend = float(joined), joined, joined, 0, 0.0
        while at < days + 90:
            amount = rng.gamma(amounts.p) * scale
            if at < days:
                n, spend, last = n + 1, spend + amount, int(at)
            else:
                later += amount
            if n > 1 and rng.random() < leaves:
                break
            at += rng.exponential(1 / rate)
        rows.append((days - last, n, round(spend * 100), days - first))
    return np.array(rows), later


def test_a_fit_to_simulated_customers_expects_what_they_go_on_to_spend() -> None:
    facts, later = simulated(5_000, 300)
    prior = fitted(facts, 100, None)
    assert prior is not None
    assert expected_value(prior, facts, 100).sum() == pytest.approx(later, rel=0.1)
    assert prior.orders.r == pytest.approx(CDNOW.orders.r, rel=0.2)
    assert prior.amounts.q == pytest.approx(CDNOW.amounts.q, rel=0.2)


@pytest.mark.parametrize(
    ("likelihood", "at"),
    [(_orders_likelihood(simulated(60, 90)[0]), [0.8, 12, 0.7, 2]),
     (_amounts_likelihood(simulated(60, 90)[0], 100), [2, 3, 15])],
)  # fmt: skip
def test_gradients_are_those_of_the_likelihoods(likelihood: _LogLikelihood, at: list[float]) -> None:
    here, steps = np.array(at, dtype=float), np.eye(len(at)) * 1e-5
    slopes = [(likelihood(here + step)[0] - likelihood(here - step)[0]) / 2e-5 for step in steps]
    assert np.allclose(likelihood(here)[1], slopes, rtol=1e-5, atol=1e-6)


def test_where_nobody_spends_nobody_is_priced() -> None:
    assert fitted(np.array([[3, 2, 0, 9]] * 80), 100, None) is None


def test_labels_teach_the_level_and_who_is_worth_more() -> None:
    """What is spent is twice the prior, and more for whoever spent lately: ten days of a hundred noisy labels."""
    rng, correction = np.random.default_rng(3), None
    weights = np.array([0.1, 0, 0, 0, 0, 0.4, 0])
    for _ in range(10):
        features, prior = rng.normal(size=(100, 7)), rng.uniform(5, 200, size=100)
        labels = prior * 2 * np.exp(features @ weights) * rng.gamma(2, 0.5, size=100)
        correction = learnt(correction, features, prior, labels, 1.0)
    assert correction is not None
    assert correction.weights[0] == pytest.approx(np.log(2), abs=0.1)
    assert np.array(correction.weights[1:]) == pytest.approx(weights, abs=0.1)


def test_an_absurd_label_is_made_good_within_weeks() -> None:
    rng, usual = np.random.default_rng(3), np.full(100, 20.0)
    correction = learnt(None, rng.normal(size=(100, 7)), usual, np.array([20.0] * 99 + [1e12]), 1.0)
    assert np.exp(correction.weights[0]) < 10
    for _ in range(28):
        correction = learnt(correction, rng.normal(size=(100, 7)), usual, usual, 1.0)
    assert np.exp(correction.weights[0]) == pytest.approx(1, abs=0.2)


@given(customers, st.lists(st.floats(-20, 20), min_size=8, max_size=8))
def test_no_correction_goes_beyond_its_bound(facts: CustomerFacts, weights: list[float]) -> None:
    correction = Correction((0.0,) * 7, (1.0,) * 7, tuple(weights), (1.0,) * 36, 3.0)
    prior, price = priced(CDNOW, facts), priced(CDNOW, facts, correction)
    assert (prior - 1) / 20.1 - 1 <= price <= (prior + 1) * 20.1 + 1


def test_a_label_is_what_was_spent_since() -> None:
    """Customers who spend a dollar a day for sure: whatever the prior says, labels bring their price near 90."""
    learning = msgspec.structs.replace(SMALL, label_days=7, hand_over_labels=200)
    trainer, offset, snapshot = Trainer(learning), 0, a_snapshot()
    for samples in steady(60):
        snapshot, offset = trainer.take(samples, offset) or snapshot, offset + 1
    value = snapshot.value
    assert value is not None
    assert (value.priced_by, value.labels >= 200) == ("poisson", True)
    pricing = model_of(1, decode_snapshot(encode_snapshot(snapshot))).pricing
    assert pricing is not None
    daily = CustomerFacts(0, 60, 6_000, 59, 2_800, 6_000)
    assert value_minor(pricing, daily, log_features(daily, 100)) == pytest.approx(9_000, rel=0.05)


def steady(days: int) -> "list[SampleSlice]":
    found = []
    for day in range(days):
        spent = (1 + day) * 100
        rows = [Sample(f"c-{n}", 0, 1 + day, spent, day, min(spent, 2_800), min(spent, 9_100)) for n in range(80)]
        found.append(SampleSlice(partition=0, at=day * DAY, rows=tuple(rows)))
    return found


def test_the_hand_over_comes_with_the_labels_and_older_snapshots_price_nobody() -> None:
    learning = msgspec.structs.replace(SMALL, label_days=2, hand_over_labels=250)
    values = [one.value for one in trained(Trainer(learning), 9)]
    told = [(value.priced_by, value.labels) for value in values if value is not None]
    assert len(told) == len(values)
    assert [by == "poisson" for by, labels in told] == [labels >= 250 for _, labels in told]
    assert {by for by, _ in told} == {"bg_nbd", "poisson"}
    fields = msgspec.json.decode(encode_snapshot(a_snapshot()))
    del fields["value"]
    older = decode_snapshot(msgspec.json.encode(fields | {"format": 1}))
    assert older.value is None
    assert model_of(1, older).pricing is None


def test_customers_of_an_older_worker_are_sampled_but_not_watched() -> None:
    older = b'{"format":1,"partition":0,"at":%d,"rows":[["c-1",0,1,100,0]]}'
    assert decode_slice(older % 0).rows == (Sample("c-1", 0, 1, 100, 0, None, None),)
    learning = msgspec.structs.replace(SMALL, label_days=2, hand_over_labels=1)
    trainer, snapshot = Trainer(learning), None
    for day, samples in enumerate(steady(20)):
        rows = tuple(msgspec.structs.replace(row, month_minor=None, quarter_minor=None) for row in samples.rows)
        snapshot = trainer.take(msgspec.structs.replace(samples, format=1, rows=rows), day) or snapshot
    assert snapshot is not None
    assert snapshot.value is not None
    assert (snapshot.value.priced_by, snapshot.value.labels) == ("bg_nbd", 0)


def test_a_standing_of_an_older_state_is_one_without_a_price() -> None:
    standing = Standing(5, 4, 3, "Loyal", 2, "Core", "Active Bronze", False, True, 7, 1_234)
    assert msgspec.json.decode(msgspec.json.encode(standing), type=Standing) == standing
    older = msgspec.json.encode(list(msgspec.structs.astuple(standing))[:-1])
    assert msgspec.json.decode(older, type=Standing) == msgspec.structs.replace(standing, value_minor=None)
