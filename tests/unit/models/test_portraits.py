"""Portraits in numbers beside a count by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.population import Population, population_of
from models.portraits import FEW_CUSTOMERS, Labels, Spread, by_clusters, by_rules, portrait_of_all, portraits_of
from models.sample_table import SampleTable
from schemas.features import CustomerFacts
from schemas.samples import Sample, SampleSlice
from schemas.segment_parts import DEFAULT_PERSONAS, DEFAULT_RULES
from schemas.segment_rules import Scores
from state.score import NO_CLUSTER, model_of, score_customer
from state.segments import compiled
from tests.unit.models.building import a_snapshot, slices

SEGMENTS = compiled(DEFAULT_RULES, DEFAULT_PERSONAS)
people = st.lists(
    st.tuples(st.integers(0, 400), st.integers(1, 60), st.integers(0, 500_000), st.integers(0, 900), st.integers(0, 2)),
    max_size=60,
)


def a_population() -> Population:
    table = SampleTable()
    for one in slices(4, seed=9):
        table.take(one)
    return population_of(3, a_snapshot(), table)


def test_everybody_is_in_the_segment_and_the_cluster_that_scoring_gives_a_newcomer_to_it() -> None:
    population, model = a_population(), model_of(3, a_snapshot())
    rules = by_rules(population, SEGMENTS.names, lambda r, f, m: SEGMENTS.rule_of(Scores(r, f, m)).name)
    clusters = by_clusters(population)
    for place, row in enumerate(population.sampled.facts.tolist()):
        scored = score_customer(model, CustomerFacts(*row), NO_CLUSTER, had_event=True)
        assert rules.names[rules.of_customer[place]] == SEGMENTS.rule_of(scored.scores).name
        assert clusters.names[clusters.of_customer[place]] == scored.cluster


@given(rows=people)
def test_the_groups_add_up_to_everybody_and_quartiles_are_what_they_say(rows: list[tuple[int, ...]]) -> None:
    facts = np.array([row[:4] for row in rows], np.int64).reshape(len(rows), 4)
    labels = Labels(["a", "b", "c"], np.array([row[4] for row in rows], np.int64))
    found, everybody = portraits_of(facts, labels), portrait_of_all(facts)
    assert [one.name for one in found] == ["a", "b", "c"]
    assert sum(one.customers for one in found) == everybody.customers == len(rows)
    assert sum(one.revenue_minor for one in found) == everybody.revenue_minor == sum(row[2] for row in rows)
    if rows:
        assert sum(one.share_of_customers for one in found) == pytest.approx(1)
    if everybody.revenue_minor:
        assert sum(one.share_of_revenue for one in found) == pytest.approx(1)
    for place, one in enumerate(found):
        mine = [row for row in rows if row[4] == place]
        assert one.customers == len(mine)
        assert (one.typical is None) == (len(mine) < FEW_CUSTOMERS)
        if one.typical is not None:
            _assert_quartiles(one.typical.recency_days, [row[0] for row in mine])
            _assert_quartiles(one.typical.frequency, [row[1] for row in mine])
            _assert_quartiles(one.typical.monetary_minor, [row[2] for row in mine])
            _assert_quartiles(one.typical.tenure_days, [row[3] for row in mine])
            _assert_quartiles(one.typical.aov_minor, [_facts(row).aov_minor for row in mine])


def _facts(row: Sequence[int]) -> CustomerFacts:
    recency, frequency, monetary, tenure = row[:4]
    return CustomerFacts(recency, frequency, monetary, tenure, 0, 0)


def _assert_quartiles(spread: Spread, values: list[int]) -> None:
    count = len(values)
    for part, value in zip((0.25, 0.5, 0.75), spread, strict=True):
        assert value in values, "the value of a customer, no average of two"
        assert sum(one <= value for one in values) >= part * count
        assert sum(one >= value for one in values) >= (1 - part) * count


def test_one_customer_is_never_typical_of_anything() -> None:
    table = SampleTable()
    table.take(SampleSlice(partition=0, at=0, rows=(Sample("c-1", 1, 2, 3, 4),)))
    assert portrait_of_all(table.as_of(0).facts).typical is None
