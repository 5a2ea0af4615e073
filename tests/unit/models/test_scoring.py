"""Scoring one customer: first match wins, nobody moves without a clear reason, and what is told comes true."""

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.assign import NO_CLUSTER, assign_many
from models.kmeans import squared_distances
from models.log_matrix import log_matrix
from models.quantiles import exact, quintile_edges, rank_error, value_at
from schemas.features import RECENCY, CustomerFacts, log_features
from schemas.program import Program
from schemas.segment_rules import Scores
from schemas.snapshot import Edges, Snapshot
from state import score
from state.customer import Standing
from state.rules import rules_of
from state.score import Model, model_of, score_customer, scores_of
from state.segment_reasons import why_cluster, why_rfm
from tests.unit.models.building import a_snapshot

RULES = rules_of(Program(currency="JPY").canonical_json())
facts_of_anybody = st.builds(
    CustomerFacts,
    recency_days=st.integers(0, 400),
    frequency=st.integers(1, 200),
    monetary_minor=st.integers(0, 10_000_000),
    tenure_days=st.integers(0, 800),
)
# Rows are r = 5..1, columns f = 1..5; one letter an m from 1 to 5.
TABLE = """
GGGLL GGGLL PPPLL LLLVV LLLVV
GGGLL GGGLL PPPLL LLLVV LLLVV
GGGGG GGGGG PPPPP PPPPP PPPPP
DDAAA DDAAA AAAAA AAAAA AAAAA
DDAAA DDAAA AAAAA AAAAA AAAAA
"""
LETTERS = {
    "V": "VIP", "L": "Loyal", "P": "Potential Loyalist", "A": "At Risk", "D": "Dormant", "G": "Regulars",
}  # fmt: skip


distinct_edges = st.lists(st.integers(0, 300), min_size=4, max_size=4).map(sorted).map(tuple)
edges_of_anywhere = st.builds(Edges, distinct_edges, distinct_edges, distinct_edges, distinct_edges)
"""Edges may be equal, as where most customers ordered once."""


def a_model() -> Model:
    return model_of(1, a_snapshot())


def standing_of(
    model: Model, facts: CustomerFacts, previous: int = NO_CLUSTER, *, had_event: bool = True
) -> Standing:
    scored = score_customer(model, facts, previous, had_event=had_event)
    rfm = RULES.segments.rule_of(scored.scores).name
    return Standing(*scored.scores, rfm, scored.cluster_id, scored.cluster, "", False, False, 0)


def test_rule_segments_are_those_of_the_table_written_by_hand() -> None:
    for r, row in zip((5, 4, 3, 2, 1), TABLE.split("\n")[1:6], strict=True):
        for f, letters in enumerate(row.split(), 1):
            for m, letter in enumerate(letters, 1):
                assert RULES.segments.rule_of(Scores(r, f, m)).name == LETTERS[letter], (r, f, m)


@given(st.builds(Scores, *[st.integers(1, 5)] * 3))
def test_every_segment_is_told_by_what_its_rule_asks(scores: Scores) -> None:
    rule = RULES.segments.rule_of(scores)
    missed = [ask.score for ask in rule.asks if not ask.is_met(scores)]
    allowed = {"Loyal": [[], ["f"], ["m"]], "At Risk": [[], ["f"], ["m"]], "Regulars": [["r"], ["f"], ["r", "f"]]}
    assert missed in allowed.get(rule.name, [[]])
    assert rule.name in RULES.segments.names


@given(st.lists(st.integers(0, 50) | st.integers(0, 10**12), min_size=1, max_size=300))
def test_edges_of_any_stream_hold_their_ranks(values: list[int]) -> None:
    column = np.array(values, dtype=np.int64)
    edges = quintile_edges(column)
    assert list(edges) == sorted(edges)
    assert rank_error(edges, column) <= 0.005


@given(st.lists(st.integers(0, 50), min_size=1, max_size=300), st.integers(1, 999))
def test_a_threshold_leaves_out_no_more_than_its_part(values: list[int], thousandths: int) -> None:
    found = value_at(np.array(values), exact(thousandths / 1000))
    assert 1000 * sum(value < found for value in values) < thousandths * len(values)
    assert 1000 * sum(value <= found for value in values) >= thousandths * len(values)


@given(facts_of_anybody, facts_of_anybody)
def test_more_is_never_scored_lower(one: CustomerFacts, other: CustomerFacts) -> None:
    low, high = scores_of(a_model(), one), scores_of(a_model(), other)
    assert one.recency_days < other.recency_days or low.r <= high.r or one.recency_days == other.recency_days
    assert one.frequency > other.frequency or low.f <= high.f
    assert one.monetary_minor > other.monetary_minor or low.m <= high.m


@given(facts_of_anybody, edges_of_anywhere)
def test_the_rfm_counterfactual_comes_true(facts: CustomerFacts, edges: Edges) -> None:
    model = model_of(1, msgspec.structs.replace(a_snapshot(), edges=edges))
    standing = standing_of(model, facts)
    criteria, told = why_rfm(model, facts, standing, RULES)
    assert [one["value"] for one in criteria] == [getattr(standing, str(one["name"])) for one in criteria]
    assert told is not None
    name = str(told["name"]).replace("monetary", "monetary_minor")
    moved = msgspec.structs.replace(facts, **{name: int(str(told["needed"]))})
    assert RULES.segments.rule_of(scores_of(model, moved)).name == told["segment"] != standing.rfm


@given(facts_of_anybody, st.integers(-1, 4), st.booleans())
def test_one_and_many_agree_away_from_ties(facts: CustomerFacts, previous: int, had_event: bool) -> None:
    row = np.array([[facts.recency_days, facts.frequency, facts.monetary_minor, facts.tenure_days]])
    many = assign_many(a_snapshot(), log_matrix(row, 100), np.array([previous]), np.array([had_event]))
    assert score_customer(a_model(), facts, previous, had_event=had_event).cluster_id == many[0]


@given(facts_of_anybody, st.integers(0, 3))
def test_by_a_model_of_old_who_had_no_event_only_goes_staler(facts: CustomerFacts, previous: int) -> None:
    model = model_of(1, msgspec.structs.replace(a_snapshot(), fresher_hysteresis=None))
    found = score_customer(model, facts, previous, had_event=False).cluster_id
    centres = [cluster.centre for cluster in a_snapshot().clusters]
    assert found == previous or centres[found][RECENCY] > centres[previous][RECENCY]


@given(facts_of_anybody, st.integers(0, 3), st.sampled_from((0.0, 0.2, 0.5)))
def test_without_an_own_event_a_customer_goes_to_the_fresher_only_where_it_is_much_nearer(
    facts: CustomerFacts, previous: int, fresher: float
) -> None:
    model = model_of(1, msgspec.structs.replace(a_snapshot(), fresher_hysteresis=fresher))
    found = score_customer(model, facts, previous, had_event=False).cluster_id
    apart = score.distances(model, log_features(facts, 100))
    centres = [cluster.centre for cluster in model.snapshot.clusters]
    nearest = apart.index(min(apart))
    is_staler = centres[nearest][RECENCY] > centres[previous][RECENCY]
    part = model.snapshot.hysteresis if is_staler else max(fresher, model.snapshot.hysteresis)
    assert found == (nearest if apart[nearest] < (1 - part) * apart[previous] else previous)


@given(facts_of_anybody, st.integers(-1, 3), st.booleans())
def test_who_moves_is_nearer_than_the_threshold_told(facts: CustomerFacts, previous: int, had_event: bool) -> None:
    model = model_of(1, msgspec.structs.replace(a_snapshot(), fresher_hysteresis=0.3))
    before = None if previous < 0 else msgspec.structs.replace(standing_of(model, facts), cluster_id=previous)
    after = standing_of(model, facts, previous, had_event=had_event)
    ([criterion], other) = why_cluster(model, facts, before, after, had_event=had_event)
    assert other is not None
    assert other["segment"] != after.cluster
    if previous not in (after.cluster_id, -1):
        assert criterion["met"] is True
        assert float(str(criterion["value"])) <= float(str(criterion["threshold"]))


def switches(hysteresis: float) -> int:
    """How often customers on the border between two clusters change while noise moves them to and fro."""
    snapshot = msgspec.structs.replace(a_snapshot(), hysteresis=hysteresis)
    rng = np.random.default_rng(2)
    centres = np.array([cluster.centre for cluster in snapshot.clusters])
    deviation = np.array(snapshot.scaling.deviation)
    apart = squared_distances(centres / deviation, centres / deviation) + 1e9 * np.eye(len(centres))
    first, second = np.unravel_index(apart.argmin(), apart.shape)
    middle = np.tile((centres[first] + centres[second]) / 2, (50, 1))
    labels, changed = np.full(50, NO_CLUSTER), 0
    for _ in range(30):
        noisy = middle + rng.normal(scale=0.01, size=middle.shape)
        after = assign_many(snapshot, noisy, labels, np.ones(50, dtype=bool))
        changed += int(((after != labels) & (labels != NO_CLUSTER)).sum())
        labels = after
    return changed


def test_without_hysteresis_customers_flap() -> None:
    assert switches(0.1) == 0
    assert switches(0.0) > 100


@given(facts_of_anybody)
def test_traits_are_what_the_snapshot_says(facts: CustomerFacts) -> None:
    snapshot: Snapshot = a_snapshot()
    scored, aov = score_customer(a_model(), facts, NO_CLUSTER, had_event=True), facts.aov_minor
    budget, power = snapshot.budget_buyer, snapshot.power_user
    assert scored.budget_buyer == (facts.frequency > budget.frequency_above and aov <= budget.aov_minor_at_most)
    assert scored.power_user == (facts.monetary_minor > power.monetary_minor_above and aov > power.aov_minor_above)
