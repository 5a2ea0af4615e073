"""What two customers have in common, and what tells them apart most, in words."""

from collections.abc import Callable, Mapping
from typing import Final

from schemas.features import FEATURE_NAMES, CustomerFacts, Features
from schemas.money import format_minor
from state.bodies import Body
from storefront.lookup import Member

CLOSE: Final = 0.25
"""Two customers share a feature where they differ by at most so many standard deviations."""

_NAMES: Final = (("tier", "tier", "name"), ("segment", "segment", "rfm"), ("cluster", "segment", "cluster"))


def shared_words(one: Member, other: Member, apart: Features) -> list[Body]:
    """Return tier and segments where they are the same, then the features that are close; each named and in words."""
    same = [_same(name, part, key, one, other) for name, part, key in _NAMES]
    close: list[Body] = [
        {"name": name, "words": _words(name, one, other)}
        for name, value in zip(FEATURE_NAMES, apart, strict=True)
        if value <= CLOSE
    ]
    return [*(found for found in same if found is not None), *close]


def differs_most(one: Member, other: Member, apart: Features) -> Body | None:
    """Return the feature in which they are furthest apart, None where all are close."""
    most = max(apart)
    if most <= CLOSE:
        return None
    name = FEATURE_NAMES[apart.index(most)]
    return {"name": name, "words": _words(name, one, other)}


def _same(name: str, part: str, key: str, one: Member, other: Member) -> Body | None:
    first, second = one.view[part], other.view[part]
    assert isinstance(first, dict), "a part of the read model is an object"
    assert isinstance(second, dict), "a part of the read model is an object"
    if first[key] is None or first[key] != second[key]:
        return None
    return {"name": name, "words": f"both {first[key]}"}


def _words(name: str, one: Member, other: Member) -> str:
    assert one.facts is not None, "who has no order is like nobody"
    assert other.facts is not None, "who has no order is like nobody"
    of, words = _WORDS[name]
    first, second, unit = of(one.facts, one.currency), of(other.facts, one.currency), one.currency
    if first != second:
        return words.format(f"{first} and {second}", s="s", unit=unit)
    said = "both " + words.format(first, s="" if first == "1" else "s", unit=unit)
    return said.replace(" 0 days ago", " today")


_WORDS: Final[Mapping[str, tuple[Callable[[CustomerFacts, str], str], str]]] = {
    "recency": (lambda facts, _: str(facts.recency_days), "last ordered {} day{s} ago"),
    "frequency": (lambda facts, _: str(facts.frequency), "placed {} order{s}"),
    "monetary": (lambda facts, currency: format_minor(facts.monetary_minor, currency), "spent {} {unit}"),
    "aov": (lambda facts, currency: format_minor(facts.aov_minor, currency), "spend {} {unit} an order"),
    "tenure": (lambda facts, _: str(facts.tenure_days), "first ordered {} day{s} ago"),
}
