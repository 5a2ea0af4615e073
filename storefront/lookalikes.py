"""The customers most like one customer: candidates from the samples, scored and told by their live states.

Who was erased since has no live state, and is not told.
"""

from collections.abc import Sequence
from math import floor
from typing import Final, NamedTuple

from models.lookalikes import Neighbour, differences, score_of
from models.population import Population
from schemas.features import FEATURE_NAMES, CustomerFacts, Features
from schemas.instants import format_instant
from state.bodies import Body
from storefront.lookup import Lookup, Member
from storefront.ports import Populations
from storefront.shared_words import differs_most, shared_words

SPARE: Final = 5
"""So many more candidates are looked at: a sample is up to a day old, so the live order is another one."""
NO_ORDER: Final = "This customer has no order that counts, so there is nothing to compare."


class _Alike(NamedTuple):
    score: float
    customer_id: str
    facts: CustomerFacts
    member: Member


async def lookalikes(
    lookup: Lookup, populations: Populations, population: Population, customer_id: str, asked: Member, count: int
) -> Body:
    """Return the ``count`` customers most like ``asked``, best first. Raises the store's errors."""
    found: list[_Alike] = []
    if asked.facts is not None:
        found = await _found(lookup, populations, population, customer_id, asked.facts, count)
    return {
        "customer_id": customer_id,
        "as_of": asked.view["as_of"],
        "model_version": population.version,
        "compared_with": {
            "customers": len(population.lookalikes),
            "share": round(population.share_sampled, 4),
            "sampled_at": format_instant(population.as_of),
        },
        "note": _note(population, asked),
        "lookalikes": [_line(one, asked, population) for one in found],
    }


async def _found(
    lookup: Lookup, populations: Populations, population: Population, customer_id: str, facts: CustomerFacts, count: int
) -> list[_Alike]:
    wanted, seen, alive = count + SPARE, 0, list[_Alike]()
    while True:
        nearest = population.lookalikes.nearest(facts, wanted, customer_id)
        alive += await _alive(lookup, populations, population, facts, nearest[seen:])
        if len(alive) >= count or len(nearest) < wanted:
            return sorted(alive, key=lambda one: (-one.score, one.customer_id))[:count]
        wanted, seen = 2 * wanted, len(nearest)


async def _alive(
    lookup: Lookup,
    populations: Populations,
    population: Population,
    facts: CustomerFacts,
    candidates: Sequence[Neighbour],
) -> list[_Alike]:
    """Return those who are still there, as they are now."""
    members = await lookup.members([one.customer_id for one in candidates])
    found = []
    for candidate, member in zip(candidates, members, strict=True):
        # A new customer of the same id is not the one who was sampled.
        if member is None or (member.erased_at is not None and member.erased_at >= candidate.sampled_at):
            populations.forget(candidate.customer_id)
        elif member.facts is not None:
            score = score_of(differences(facts, member.facts, population.snapshot))
            found.append(_Alike(score, candidate.customer_id, member.facts, member))
    return found


def _line(one: _Alike, asked: Member, population: Population) -> Body:
    assert asked.facts is not None, "who has no order is like nobody"
    apart, view = differences(asked.facts, one.facts, population.snapshot), one.member.view
    return {
        "customer_id": one.customer_id,
        "score": _rounded(one.score),
        "shared": shared_words(asked, one.member, apart),
        "differs": differs_most(asked, one.member, apart),
        "differences": _named(apart),
        "tier": _part(view, "tier", ("name",))["name"],
        "segment": _part(view, "segment", ("rfm", "cluster", "persona")),
        "rfm": _part(view, "rfm", ("recency_days", "frequency", "monetary", "aov", "tenure_days")),
    }


def _rounded(score: float) -> float:
    """Return three digits, rounded down: only who is identical has 1."""
    return floor(score * 1000) / 1000


def _named(apart: Features) -> dict[str, float]:
    return {name: round(value, 3) for name, value in zip(FEATURE_NAMES, apart, strict=True)}


def _part(view: Body, name: str, fields: Sequence[str]) -> Body:
    part = view[name]
    assert isinstance(part, dict), "a part of the read model is an object"
    return {field: part[field] for field in fields}


def _note(population: Population, asked: Member) -> str | None:
    if asked.facts is None:
        return NO_ORDER
    if population.share_sampled >= 1:
        return None
    return (
        f"Compared with a fair sample of {population.share_sampled:.1%} of all customers: there may be nearer ones "
        "outside of it."
    )
