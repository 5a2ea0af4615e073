"""Portraits of every rule segment and cluster as of a population: numbers, words, and the campaign that fits."""

from dataclasses import dataclass

from models.population import Population
from models.portraits import Labels, Portrait, Spread, Typical, by_clusters, by_rules, portrait_of_all, portraits_of
from schemas.instants import format_instant
from schemas.money import format_minor
from schemas.segment_rules import Scores
from state.bodies import Body
from state.segments import SegmentRules
from storefront.campaigns import campaign_for
from storefront.portrait_words import percent, sentences


@dataclass(frozen=True, slots=True)
class Groups:
    """Which customers belong where, for each scheme."""

    rfm: Labels
    cluster: Labels


def groups_of(population: Population, segments: SegmentRules) -> Groups:
    """Return to which of the program's rule segments and which cluster everybody sampled belongs, by the model."""
    by_rule = by_rules(population, segments.names, lambda r, f, m: segments.rule_of(Scores(r, f, m)).name)
    return Groups(by_rule, by_clusters(population))


def portraits(population: Population, groups: Groups, currency: str) -> Body:
    """Return the body of `/v1/portraits`."""
    facts = population.sampled.facts
    everybody = portrait_of_all(facts)
    clusters = sorted(portraits_of(facts, groups.cluster), key=lambda one: -one.revenue_minor)
    return {
        "as_of": format_instant(population.as_of),
        "model_version": population.version,
        "currency": currency,
        "sampled": {"customers": len(facts), "share": round(population.share_sampled, 4)},
        "note": _note(population),
        "all": _body(everybody, everybody, currency),
        "rfm": [_body(one, everybody, currency) for one in portraits_of(facts, groups.rfm)],
        "cluster": [_body(one, everybody, currency) for one in clusters],
    }


def _body(portrait: Portrait, everybody: Portrait, currency: str) -> Body:
    is_group = portrait is not everybody
    campaign = campaign_for(portrait, everybody) if is_group else None
    return {
        "name": portrait.name,
        "customers": portrait.customers,
        "share_of_customers": round(portrait.share_of_customers, 4),
        "revenue": format_minor(portrait.revenue_minor, currency),
        "share_of_revenue": round(portrait.share_of_revenue, 4),
        "typical": None if portrait.typical is None else _typical(portrait.typical, currency),
        "words": sentences(portrait, everybody, currency) if is_group else [],
        "campaign": None if campaign is None else campaign._asdict(),
    }


def _typical(typical: Typical, currency: str) -> Body:
    return {
        "recency_days": typical.recency_days._asdict(),
        "frequency": typical.frequency._asdict(),
        "aov": _money(typical.aov_minor, currency),
        "monetary": _money(typical.monetary_minor, currency),
        "tenure_days": typical.tenure_days._asdict(),
    }


def _money(spread: Spread, currency: str) -> Body:
    return {name: format_minor(minor, currency) for name, minor in spread._asdict().items()}


def _note(population: Population) -> str | None:
    if population.share_sampled >= 1:
        return None
    share = percent(population.share_sampled)
    return f"From a fair sample of {share} of all customers; counts and revenue are the sample's."
