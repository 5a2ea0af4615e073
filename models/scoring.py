"""What a snapshot says of one customer: scores, segments, cluster and persona, each with why and what else.

Plain Python without numpy: for one customer it is faster, and it may run in the middle of a step.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

from models.clusters import cluster_of
from models.features import CustomerFacts
from models.quantiles import reversed_score, score
from models.segments import Scores, nearest_other, rule_segment
from models.snapshot import Snapshot

Told: TypeAlias = dict[str, str | float | bool | None]
"""One criterion, or a counterfactual, as `segment.changed` carries it."""


_LIMITS: Final = {
    "VIP": {"r": 4, "f": 4, "m": 4},
    "Loyal": {"r": 4, "f": 4, "m": 4},
    "Potential Loyalist": {"r": 3, "f": 3},
    "At Risk": {"r": -2, "f": 3, "m": 3},
    "Dormant": {"r": -2, "f": -2, "m": -2},
    "Regulars": {"r": 3, "f": 3},
}
"""What each rule asks of the scores, at least or (negative) at most; Regulars miss some of Potential Loyalist's."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A segment or a yes or no, with the criteria that decided and what would have led elsewhere."""

    segment: str | None
    """None: not in it."""
    criteria: list[Told]
    """Each with name, value, threshold, met."""
    counterfactual: Told | None


@dataclass(frozen=True, slots=True)
class Scored:
    """Everything a snapshot says of one customer as of an instant."""

    scores: Scores
    rfm: Verdict
    budget_buyer: Verdict
    power_user: Verdict
    cluster: Verdict
    cluster_id: int
    """To be kept with the customer and handed in as ``previous_cluster`` the next time."""
    persona: Verdict


def score_customer(
    snapshot: Snapshot, facts: CustomerFacts, tier: str, previous_cluster: int | None, *, had_event: bool
) -> Scored | None:
    """Return what the snapshot says; None for a customer without an order that counts.

    ``had_event``: an event of the customer's own leads here, not time or a model; without one a customer moves only
    to a staler cluster.
    """
    if facts.frequency <= 0:
        return None
    scores = rfm_scores(snapshot, facts)
    moved = cluster_of(snapshot, facts, previous_cluster, had_event=had_event)
    return Scored(
        scores=scores,
        rfm=_rfm(snapshot, facts, scores),
        budget_buyer=_budget_buyer(snapshot, facts),
        power_user=_power_user(snapshot, facts),
        cluster=Verdict(
            moved.name,
            [_criterion("distance", moved.distance, moved.threshold, moved.distance < moved.threshold)],
            {"segment": moved.other_name, "distance": moved.other_distance},
        ),
        cluster_id=moved.id,
        persona=_persona(snapshot, facts, scores, tier),
    )


def rfm_scores(snapshot: Snapshot, facts: CustomerFacts) -> Scores:
    """Return the scores 1-5 by the snapshot's edges; recency is reversed."""
    edges = snapshot.edges
    return Scores(
        r=reversed_score(facts.recency_days, edges.recency_days),
        f=score(facts.frequency, edges.frequency),
        m=score(facts.monetary_minor, edges.monetary_minor),
    )


def _rfm(snapshot: Snapshot, facts: CustomerFacts, scores: Scores) -> Verdict:
    segment = rule_segment(scores)
    criteria = [
        _criterion(name, value, abs(limit), value <= -limit if limit < 0 else value >= limit)
        for name, limit in _LIMITS[segment].items()
        for value in (getattr(scores, name),)
    ]
    return Verdict(segment, criteria, _rfm_counterfactual(snapshot, facts, scores))


def _rfm_counterfactual(snapshot: Snapshot, facts: CustomerFacts, scores: Scores) -> Told | None:
    other = nearest_other(scores)
    if other is None:
        return None
    name, value, segment = other
    edges = snapshot.edges
    raw = {
        "r": ("recency_days", facts.recency_days, edges.recency_days),
        "f": ("frequency", facts.frequency, edges.frequency),
        "m": ("monetary_minor", facts.monetary_minor, edges.monetary_minor),
    }
    feature, now, quintiles = raw[name]
    is_up = value > getattr(scores, name)
    needed = _value_for(value, quintiles, is_reversed=name == "r", is_up=is_up)
    return {"segment": segment, "score": name, "needed_score": value, "name": feature, "value": now, "needed": needed}


def _value_for(wanted: int, edges: tuple[int, int, int, int], *, is_reversed: bool, is_up: bool) -> int:
    """The raw value nearest to today's that has the wanted score, if it is not the same edge twice."""
    if is_reversed:
        return edges[5 - wanted] if is_up else edges[4 - wanted] + 1
    return edges[wanted - 2] + 1 if is_up else edges[wanted - 1]


def _budget_buyer(snapshot: Snapshot, facts: CustomerFacts) -> Verdict:
    limits = snapshot.budget_buyer
    often = facts.frequency > limits.frequency_above
    cheap = facts.aov_minor <= limits.aov_minor_at_most
    criteria = [
        _criterion("frequency", facts.frequency, limits.frequency_above, often),
        _criterion("aov_minor", facts.aov_minor, limits.aov_minor_at_most, cheap),
    ]
    return _flag("Budget Buyer", criteria)


def _power_user(snapshot: Snapshot, facts: CustomerFacts) -> Verdict:
    limits = snapshot.power_user
    much = facts.monetary_minor > limits.monetary_minor_above
    large = facts.aov_minor > limits.aov_minor_above
    criteria = [
        _criterion("monetary_minor", facts.monetary_minor, limits.monetary_minor_above, much),
        _criterion("aov_minor", facts.aov_minor, limits.aov_minor_above, large),
    ]
    return _flag("Power User", criteria)


def _flag(name: str, criteria: list[Told]) -> Verdict:
    """A flag is on where all its criteria are met; else the counterfactual names the ones that are missing."""
    missing: Told = {str(one["name"]): one["threshold"] for one in criteria if not one["met"]}
    return Verdict(None if missing else name, criteria, {"segment": name, **missing} if missing else None)


def _persona(snapshot: Snapshot, facts: CustomerFacts, scores: Scores, tier: str) -> Verdict:
    """Tier by recency: Active from r = 3, else Dormant, the cut of the rule segments."""
    is_active = scores.r >= 3
    last_active_days = snapshot.edges.recency_days[2]
    words = ("Active", "Dormant") if is_active else ("Dormant", "Active")
    here, there = (f"{word} {tier.title()}" for word in words)
    needed = last_active_days + 1 if is_active else last_active_days
    return Verdict(
        here,
        [_criterion("recency_days", facts.recency_days, last_active_days, is_active)],
        {"segment": there, "recency_days": needed},
    )


def _criterion(name: str, value: float, threshold: float | None, met: bool) -> Told:
    return {"name": name, "value": value, "threshold": threshold, "met": met}
