"""What a model says of one customer: scores, cluster, traits, value.

Plain Python without numpy: for one customer it is faster, and it runs in the middle of a step. `state.segments`
names the scores, `state.standing` says what changed, and `state.segment_reasons` why.
"""

from bisect import bisect_left
from math import dist
from typing import NamedTuple

import msgspec

from schemas.features import RECENCY, CustomerFacts, Features, divided_half_even, logs_with_aov
from schemas.segment_rules import BEST, CELLS, Scores
from schemas.snapshot import Snapshot
from state.value import Pricing, pricing_of, value_minor

NO_CLUSTER = -1


class Model(NamedTuple):
    """A snapshot under its version, with what scoring needs at hand."""

    version: int
    snapshot: Snapshot
    weights: tuple[float, ...]
    """One through each feature's deviation."""
    centres: tuple[tuple[float, ...], ...]
    """In standard deviations."""
    stay_below: float
    """1 - hysteresis."""
    fresher_below: float
    """1 - fresher_hysteresis, 0 where the snapshot has none."""
    pricing: Pricing | None
    """What the snapshot says of value, with what pricing needs at hand."""
    places: dict[int, int]
    """Where in the snapshot the cluster of an id stands: a snapshot may order its clusters otherwise, or lack one."""


class Scored(msgspec.Struct, frozen=True, gc=False):
    """What a model says of one customer as of an instant."""

    scores: Scores
    cluster_id: int
    cluster: str
    budget_buyer: bool
    power_user: bool
    value_minor: int | None
    """Value in 90 days; None where the snapshot does not price."""


def model_of(version: int, snapshot: Snapshot) -> Model:
    """Return the snapshot ready for scoring."""
    weights = tuple(1 / deviation for deviation in snapshot.scaling.deviation)
    centres = tuple(
        tuple(value * weight for value, weight in zip(cluster.centre, weights, strict=True))
        for cluster in snapshot.clusters
    )
    places = {cluster.id: place for place, cluster in enumerate(snapshot.clusters)}
    fresher = snapshot.fresher_hysteresis
    stay_below, fresher_below = 1 - snapshot.hysteresis, 0.0 if fresher is None else 1 - fresher
    return Model(version, snapshot, weights, centres, stay_below, fresher_below, pricing_of(snapshot), places)


def score_customer(model: Model, facts: CustomerFacts, previous_cluster: int, *, had_event: bool) -> Scored:
    """Return what ``model`` says of a customer with at least one order that counts.

    ``previous_cluster`` is the id carried so far, `NO_CLUSTER` for none. A customer moves where another centre is
    nearer by the snapshot's hysteresis; without an event of their own (``had_event``) to one that is no staler only
    where it is nearer by the snapshot's `fresher_hysteresis`.
    """
    snapshot = model.snapshot
    frequency, monetary_minor = facts.frequency, facts.monetary_minor
    aov_minor = divided_half_even(monetary_minor, frequency)
    budget, power = snapshot.budget_buyer, snapshot.power_user
    scores = scores_of(model, facts)
    logs = logs_with_aov(facts, aov_minor, snapshot.minor_per_major)
    cluster = snapshot.clusters[_place(model, logs, previous_cluster, had_event)]
    return Scored(
        scores,
        cluster.id,
        cluster.name,
        frequency > budget.frequency_above and aov_minor <= budget.aov_minor_at_most,
        monetary_minor > power.monetary_minor_above and aov_minor > power.aov_minor_above,
        None if model.pricing is None else value_minor(model.pricing, facts, logs),
    )


def scores_of(model: Model, facts: CustomerFacts) -> Scores:
    """Return the scores 1-5 by the snapshot's edges: one more than the edges strictly below; recency is reversed."""
    edges = model.snapshot.edges
    staler = bisect_left(edges.recency_days, facts.recency_days)
    rarer = bisect_left(edges.frequency, facts.frequency)
    poorer = bisect_left(edges.monetary_minor, facts.monetary_minor)
    return CELLS[((BEST - 1 - staler) * BEST + rarer) * BEST + poorer]


def distances(model: Model, logs: Features) -> list[float]:
    """Return the distance of a customer's `log_features` to each centre, in standard deviations."""
    recency, frequency, monetary, aov, tenure = model.weights
    log_recency, log_frequency, log_monetary, log_aov, log_tenure = logs
    at = log_recency * recency, log_frequency * frequency, log_monetary * monetary, log_aov * aov, log_tenure * tenure
    return [dist(at, centre) for centre in model.centres]


def _place(model: Model, logs: Features, previous_cluster: int, had_event: bool) -> int:
    apart = distances(model, logs)
    least = min(apart)
    nearest, present = apart.index(least), model.places.get(previous_cluster)
    if present is None or nearest == present:
        return nearest
    if least >= model.stay_below * apart[present]:
        return present
    clusters = model.snapshot.clusters
    if had_event or clusters[nearest].centre[RECENCY] > clusters[present].centre[RECENCY]:
        return nearest
    return nearest if least < model.fresher_below * apart[present] else present
