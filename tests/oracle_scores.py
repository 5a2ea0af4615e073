"""What a snapshot says of one customer's numbers: scores, rule segment, cluster, traits, and why each of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tests.oracle_definitions import Definitions, Scores
from tests.oracle_rules import money

Told = dict[str, object]
Reasons = tuple[list[Told], Told | None]
"""Criteria and counterfactual."""


class Numbers(NamedTuple):
    """What is read of a customer with orders that count; money in minor units."""

    recency: int
    frequency: int
    monetary: int
    aov: int
    tenure: int


@dataclass(frozen=True)
class Cluster:
    """One learnt segment."""

    id: int
    name: str
    centre: list[float]


class Model:
    """A snapshot as published, and its version."""

    def __init__(self, version: int, snapshot: Mapping[str, object]) -> None:
        self.version = version
        value = snapshot.get("value")
        self.value = value if isinstance(value, Mapping) else None
        self.minor_per_major = _number(snapshot, "minor_per_major")
        self.recency_edges = _numbers(snapshot, "edges", "recency_days")
        self.frequency_edges = _numbers(snapshot, "edges", "frequency")
        self.monetary_edges = _numbers(snapshot, "edges", "monetary_minor")
        self.deviation = _numbers(snapshot, "scaling", "deviation")
        self.keeps = 1 - _number(snapshot, "hysteresis")
        fresher = snapshot.get("fresher_hysteresis")
        self.keeps_from_fresher = 1 - float(str(fresher)) if fresher is not None else None
        """None: nobody goes to a cluster that is no later without an event of their own."""
        self.budget_frequency_above = _number(snapshot, "budget_buyer", "frequency_above")
        self.budget_aov_at_most = _number(snapshot, "budget_buyer", "aov_minor_at_most")
        self.power_monetary_above = _number(snapshot, "power_user", "monetary_minor_above")
        self.power_aov_above = _number(snapshot, "power_user", "aov_minor_above")
        found = _at(snapshot, "clusters")
        assert isinstance(found, list | tuple)
        self.clusters = [
            Cluster(int(_number(one, "id")), str(_at(one, "name")), _numbers(one, "centre")) for one in found
        ]

    def named(self, cluster_id: int | None) -> Cluster | None:
        """Return the cluster of an id, None if the snapshot does not have it."""
        return next((one for one in self.clusters if one.id == cluster_id), None)


# Scores, the rule segment, traits


def scores_of(model: Model, numbers: Numbers) -> Scores:
    """Return 1 + the edges strictly below a value; for recency 5 less the edges."""
    r = 5 - sum(edge < numbers.recency for edge in model.recency_edges)
    f = 1 + sum(edge < numbers.frequency for edge in model.frequency_edges)
    m = 1 + sum(edge < numbers.monetary for edge in model.monetary_edges)
    return Scores(r, f, m)


def traits_of(model: Model, numbers: Numbers) -> list[str]:
    """Return which of the two traits hold."""
    is_budget = numbers.frequency > model.budget_frequency_above and numbers.aov <= model.budget_aov_at_most
    is_power = numbers.monetary > model.power_monetary_above and numbers.aov > model.power_aov_above
    return ["Budget Buyer"] * is_budget + ["Power User"] * is_power


def why_rfm(model: Model, numbers: Numbers, defined: Definitions, currency: str) -> Reasons:
    """Return what the rule asks of the scores, and the raw value that would lead to another segment."""
    scores = scores_of(model, numbers)
    asked = defined.asked(scores)
    criteria = [criterion(name, getattr(scores, name), relation, threshold) for name, relation, threshold in asked]
    return criteria, _other_rule_segment(model, numbers, defined, currency)


def _other_rule_segment(model: Model, numbers: Numbers, defined: Definitions, currency: str) -> Told | None:
    scores, found = scores_of(model, numbers), []
    here = defined.segment_of(scores)
    for place, (name, edges) in enumerate(
        (("recency", model.recency_edges), ("frequency", model.frequency_edges), ("monetary", model.monetary_edges))
    ):
        value = getattr(numbers, name)
        for needed in [int(edge) + more for edge in edges for more in (0, 1)]:
            others = scores_of(model, numbers._replace(**{name: needed}))
            there = defined.segment_of(others)
            if there != here:
                step, score = abs(others[place] - scores[place]), others[place]
                found.append((step, -score, place, abs(needed - value), needed, name, value, there))
    if not found:
        return None
    *_, needed, name, value, segment = min(found)
    if name == "monetary":
        return {
            "segment": segment,
            "name": name,
            "value": money(value, currency),
            "needed": money(needed, currency),
        }
    return {"segment": segment, "name": "recency_days" if name == "recency" else name, "value": value, "needed": needed}


# Clusters


def cluster_of(model: Model, numbers: Numbers, before: int | None, *, is_adoption: bool) -> Cluster:
    """Return the cluster that a customer who had the cluster of an id, or none, goes on in."""
    nearest, present = _nearest(model, numbers, model.clusters), model.named(before)
    if present is None:
        return nearest
    near, far = distance(model, numbers, nearest), distance(model, numbers, present)
    if not near < model.keeps * far:
        return present
    if not is_adoption or nearest.centre[0] > present.centre[0]:
        return nearest
    if model.keeps_from_fresher is not None and near < model.keeps_from_fresher * far:
        return nearest
    return present


def distance(model: Model, numbers: Numbers, cluster: Cluster) -> float:
    """Return how far a centre is, in standard deviations."""
    raw = (
        numbers.recency,
        numbers.frequency,
        numbers.monetary / model.minor_per_major,
        numbers.aov / model.minor_per_major,
        numbers.tenure,
    )
    parts = zip(raw, cluster.centre, model.deviation, strict=True)
    return math.sqrt(math.fsum(((math.log1p(value) - centre) / deviation) ** 2 for value, centre, deviation in parts))


def why_cluster(
    model: Model, numbers: Numbers, before: int | None, own_id: int | None, *, is_adoption: bool
) -> Reasons:
    """Return the distance that decided, and the nearest other cluster."""
    own, earlier = model.named(own_id), model.named(before)
    assert own is not None, "who was scored has a cluster of the snapshot"
    others = [one for one in model.clusters if one.id != own.id]
    own_distance = distance(model, numbers, own)
    if not others:
        return [], None
    other = _nearest(model, numbers, others)
    other_distance = distance(model, numbers, other)
    threshold = other_distance
    if earlier is not None and earlier.id != own.id:
        keeps = model.keeps
        if is_adoption and own.centre[0] <= earlier.centre[0] and model.keeps_from_fresher is not None:
            keeps = min(keeps, model.keeps_from_fresher)
        threshold = keeps * distance(model, numbers, earlier)
    met = {"met": own_distance < threshold}
    criteria = [criterion("distance", round(own_distance, 6), "<", round(threshold, 6)) | met]
    return criteria, {
        "segment": other.name,
        "name": "distance",
        "value": round(other_distance, 6),
        "needed": round(model.keeps * own_distance, 6),
    }


def _nearest(model: Model, numbers: Numbers, clusters: list[Cluster]) -> Cluster:
    # min() returns the first of equals.
    return min(clusters, key=lambda cluster: distance(model, numbers, cluster))


# Personas


def why_persona(defined: Definitions, r: int, tier: str) -> Reasons:
    """Return where the word and the next better one begin, the tier, and the nearest score with another word."""
    words, own = defined.words, defined.words[r - 1]
    first, last = words.index(own) + 1, 5 - words[::-1].index(own)
    criteria = []
    if first > 1:
        criteria.append(criterion("r", r, ">=", first))
    if last < 5:
        criteria.append(criterion("r", r, ">=", last + 1))
    criteria.append(criterion("tier", tier, "=", tier))
    for step in (1, 2, 3, 4):
        for needed in (r + step, r - step):
            if 1 <= needed <= 5 and words[needed - 1] != own:
                segment = defined.persona_of(needed, tier)
                return criteria, {"segment": segment, "name": "r", "value": r, "needed": needed}
    return criteria, None


# What is said


def criterion(name: str, value: float | str, relation: str, threshold: float | str) -> Told:
    """Return one criterion and whether it is met."""
    met = value == threshold
    if not isinstance(value, str) and not isinstance(threshold, str):
        met = {">=": value >= threshold, "<=": value <= threshold, "<": value < threshold}[relation]
    return {"name": name, "value": value, "relation": relation, "threshold": threshold, "met": met}


def _at(tree: object, *path: str) -> object:
    for key in path:
        assert isinstance(tree, Mapping)
        tree = tree[key]
    return tree


def _number(tree: object, *path: str) -> float:
    found = _at(tree, *path)
    assert isinstance(found, int | float)
    return found


def _numbers(tree: object, *path: str) -> list[float]:
    found = _at(tree, *path)
    assert isinstance(found, list | tuple)
    return [float(one) for one in found]
