"""Scoring one customer: monotone, first match wins, and nobody moves without a clear reason."""

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.assign import NO_CLUSTER, assign_many
from models.clusters import cluster_of
from models.features import AOV, RECENCY, CustomerFacts
from models.kmeans import squared_distances
from models.log_matrix import log_matrix
from models.quantiles import quintile_edges, rank_error
from models.scoring import rfm_scores, score_customer
from models.segments import Scores, nearest_other, rule_segment
from models.snapshot import Edges
from tests.unit.models.building import a_snapshot

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


def test_rule_segments_are_those_of_the_table_written_by_hand() -> None:
    for r, row in zip((5, 4, 3, 2, 1), TABLE.split("\n")[1:6], strict=True):
        for f, letters in enumerate(row.split(), 1):
            for m, letter in enumerate(letters, 1):
                assert rule_segment(Scores(r, f, m)) == LETTERS[letter], (r, f, m)
                other = nearest_other(Scores(r, f, m))
                assert other is not None
                assert rule_segment(msgspec.structs.replace(Scores(r, f, m), **{other[0]: other[1]})) == other[2]


@given(st.lists(st.integers(0, 50) | st.integers(0, 10**12), min_size=1, max_size=300))
def test_edges_of_any_stream_hold_their_ranks(values: list[int]) -> None:
    column = np.array(values, dtype=np.int64)
    edges = quintile_edges(column)
    assert list(edges) == sorted(edges)
    assert rank_error(edges, column) <= 0.005


@given(facts_of_anybody, facts_of_anybody)
def test_more_is_never_scored_lower(one: CustomerFacts, other: CustomerFacts) -> None:
    low, high = rfm_scores(a_snapshot(), one), rfm_scores(a_snapshot(), other)
    assert one.recency_days < other.recency_days or low.r <= high.r or one.recency_days == other.recency_days
    assert one.frequency > other.frequency or low.f <= high.f
    assert one.monetary_minor > other.monetary_minor or low.m <= high.m


@given(facts_of_anybody)
def test_the_rfm_counterfactual_comes_true(facts: CustomerFacts) -> None:
    edges = Edges((2, 9, 30, 90), (2, 5, 9, 20), (5_000, 20_000, 60_000, 90_000), (1, 2, 3, 4))
    snapshot = msgspec.structs.replace(a_snapshot(), edges=edges)
    scored = score_customer(snapshot, facts, "gold", None, had_event=True)
    assert scored is not None
    told = scored.rfm.counterfactual
    assert told is not None
    moved = msgspec.structs.replace(facts, **{str(told["name"]): told["needed"]})
    assert rule_segment(rfm_scores(snapshot, moved)) == told["segment"] != scored.rfm.segment


@given(facts_of_anybody, st.integers(0, 3), st.booleans())
def test_one_and_many_agree_away_from_ties(facts: CustomerFacts, previous: int, had_event: bool) -> None:
    snapshot = a_snapshot()
    row = np.array([[facts.recency_days, facts.frequency, facts.monetary_minor, facts.tenure_days]])
    many = assign_many(snapshot, log_matrix(row, 100), np.array([previous]), np.array([had_event]))
    assert cluster_of(snapshot, facts, previous, had_event=had_event).id == many[0]


@given(facts_of_anybody, st.integers(0, 3))
def test_without_an_own_event_a_customer_only_goes_staler(facts: CustomerFacts, previous: int) -> None:
    snapshot = a_snapshot()
    found = cluster_of(snapshot, facts, previous, had_event=False)
    centres = [cluster.centre for cluster in snapshot.clusters]
    assert found.id == previous or centres[found.id][RECENCY] > centres[previous][RECENCY]


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
def test_flags_and_persona_say_what_they_mean(facts: CustomerFacts) -> None:
    snapshot = a_snapshot()
    scored = score_customer(snapshot, facts, "gold", None, had_event=True)
    assert scored is not None
    assert scored.persona.segment == ("Active Gold" if scored.scores.r >= 3 else "Dormant Gold")
    assert (scored.budget_buyer.segment is not None) == all(one["met"] for one in scored.budget_buyer.criteria)
    assert (scored.power_user.segment is None) == (scored.power_user.counterfactual is not None)
    assert len(snapshot.clusters[0].centre) > AOV


def test_nobody_is_scored_without_an_order() -> None:
    assert score_customer(a_snapshot(), CustomerFacts(0, 0, 0, 0), "gold", None, had_event=True) is None
