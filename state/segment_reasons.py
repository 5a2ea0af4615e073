"""Why a segment: the criteria that decided, and the smallest difference that would have led elsewhere."""

from typing import Final, TypeAlias

from schemas.features import RECENCY, CustomerFacts, log_features
from schemas.money import format_minor
from schemas.segment_rules import BEST, Scores
from schemas.snapshot import Quintiles
from state.customer import Standing
from state.decision import Told
from state.rules import Rules
from state.score import Model, distances
from state.segments import SegmentRules

Reasons: TypeAlias = tuple[list[Told], Told | None]
"""Criteria and counterfactual, as `segment.changed` carries them."""

_DIGITS: Final = 6


def why_rfm(model: Model, facts: CustomerFacts, after: Standing, rules: Rules) -> Reasons:
    """Return what the rule asks of the scores, and the raw value that would lead to another segment."""
    scores = Scores(after.r, after.f, after.m)
    criteria = [
        _criterion(ask.score, getattr(scores, ask.score), ask.relation, ask.threshold, ask.is_met(scores))
        for ask in rules.segments.rule_of(scores).asks
    ]
    return criteria, _other_rfm(model, facts, scores, rules)


def why_cluster(
    model: Model, facts: CustomerFacts, before: Standing | None, after: Standing, *, had_event: bool
) -> Reasons:
    """Return how near the centre is, in standard deviations, and the nearest other one; nothing without another."""
    clusters = model.snapshot.clusters
    apart = distances(model, log_features(facts, model.snapshot.minor_per_major))
    here, left = model.places[after.cluster_id], None if before is None else model.places.get(before.cluster_id)
    others = [place for place in range(len(apart)) if place != here]
    if not others:
        return [], None
    other = min(others, key=lambda place: apart[place])
    threshold = apart[other]
    if left is not None and left != here:
        threshold = (1 - _part_to_be_nearer(model, left, here, had_event=had_event)) * apart[left]
    criterion = _criterion(
        "distance", round(apart[here], _DIGITS), "<", round(threshold, _DIGITS), apart[here] < threshold
    )
    needed = (1 - model.snapshot.hysteresis) * apart[here]
    return [criterion], {
        "segment": clusters[other].name,
        "name": "distance",
        "value": round(apart[other], _DIGITS),
        "needed": round(needed, _DIGITS),
    }


def _part_to_be_nearer(model: Model, left: int, here: int, *, had_event: bool) -> float:
    snapshot, clusters = model.snapshot, model.snapshot.clusters
    is_staler = clusters[here].centre[RECENCY] > clusters[left].centre[RECENCY]
    fresher = snapshot.fresher_hysteresis
    return snapshot.hysteresis if had_event or is_staler or fresher is None else max(snapshot.hysteresis, fresher)


def why_persona(segments: SegmentRules, after: Standing, tier: str) -> Reasons:
    """Return the recency score and the tier, and what the nearest other word would take.

    The score is compared with where the word begins, and with where the next better one does.
    """
    words, r = segments.words, after.r
    alike = [score for score, word in enumerate(words, 1) if word == words[r - 1]]
    begins = [score for score in (alike[0], alike[-1] + 1) if 1 < score <= len(words)]
    criteria = [_criterion("r", r, ">=", score, r >= score) for score in begins]
    criteria.append(_criterion("tier", tier, "=", tier, True))
    others = [score for score in (alike[-1] + 1, alike[0] - 1) if 1 <= score <= len(words)]
    if not others:
        return criteria, None
    needed = min(others, key=lambda score: abs(score - r))
    return criteria, {"segment": segments.persona_of(needed, tier), "name": "r", "value": r, "needed": needed}


def _other_rfm(model: Model, facts: CustomerFacts, scores: Scores, rules: Rules) -> Told | None:
    """Return the first way to another segment that there is, and the nearest value that takes it."""
    edges = model.snapshot.edges
    features = (
        ("recency_days", facts.recency_days, edges.recency_days),
        ("frequency", facts.frequency, edges.frequency),
        ("monetary", facts.monetary_minor, edges.monetary_minor),
    )
    for column, score, segment in rules.segments.ways_out[scores]:
        name, value, quintiles = features[column]
        needed = _nearest(value, quintiles, BEST - score if name == "recency_days" else score - 1)
        if needed is None:
            continue
        if name == "monetary":
            as_text = {"value": format_minor(value, rules.currency), "needed": format_minor(needed, rules.currency)}
            return {"segment": segment, "name": name, **as_text}
        return {"segment": segment, "name": name, "value": value, "needed": needed}
    return None


def _nearest(value: int, quintiles: Quintiles, below: int) -> int | None:
    """Return the nearest value with so many edges strictly below it, which ``value`` has not; None if no value has."""
    last = len(quintiles)
    if 0 < below < last and quintiles[below - 1] >= quintiles[below]:
        return None
    if below == last or (below > 0 and value <= quintiles[below - 1]):
        return quintiles[below - 1] + 1
    return quintiles[below]


def _criterion(name: str, value: float | str, relation: str, threshold: float | str, met: bool) -> Told:
    return {"name": name, "value": value, "relation": relation, "threshold": threshold, "met": met}
