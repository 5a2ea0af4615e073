"""What a program says of segments, as the oracle reads it: rules in their order, and the words of personas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

Range = tuple[str, int, int]
"""A score's name, the lowest and the highest that is meant."""

DEFAULT_RULES: list[dict[str, object]] = [
    {"name": "VIP", "all": {"r": "4-5", "f": "4-5", "m": "4-5"}},
    {"name": "Loyal", "all": {"r": "4-5"}, "any": {"f": "4-5", "m": "4-5"}},
    {"name": "Potential Loyalist", "all": {"r": "3-5", "f": "3-5"}},
    {"name": "At Risk", "all": {"r": "1-2"}, "any": {"f": "3-5", "m": "3-5"}},
    {"name": "Dormant", "all": {"r": "1-2", "f": "1-2", "m": "1-2"}},
    {"name": "Regulars", "not_all": {"r": "3-5", "f": "3-5"}},
]
DEFAULT_PERSONAS: list[dict[str, object]] = [{"word": "Active", "r": "3-5"}, {"word": "Dormant", "r": "1-2"}]


class Scores(NamedTuple):
    """1-5 each."""

    r: int
    f: int
    m: int


class SegmentRule(NamedTuple):
    """One segment; a list that is empty asks nothing."""

    name: str
    every: list[Range]
    some: list[Range]
    not_every: list[Range]

    def takes(self, scores: Scores) -> bool:
        """Tell whether the scores are this segment's, if no earlier one has them."""
        if any(not _meets(scores, one) for one in self.every):
            return False
        if self.some and all(not _meets(scores, one) for one in self.some):
            return False
        return not self.not_every or any(not _meets(scores, one) for one in self.not_every)


class Definitions(NamedTuple):
    """Equal where the programs mean the same."""

    rules: list[SegmentRule]
    words: list[str]
    """Of the recency scores 1 to 5."""

    def segment_of(self, scores: Scores) -> str:
        """Return the first that takes the scores."""
        return self._rule(scores).name

    def asked(self, scores: Scores) -> list[tuple[str, str, int]]:
        """Return the bounds that the segment's rule names: score, relation, threshold."""
        rule, found = self._rule(scores), []
        for name, lowest, highest in rule.every + rule.some + rule.not_every:
            if lowest != 1:
                found.append((name, ">=", lowest))
            if highest != 5:
                found.append((name, "<=", highest))
        return found

    def persona_of(self, r: int, tier: str) -> str:
        """Return the word of a recency score before the tier."""
        return f"{self.words[r - 1]} {tier.title()}"

    def _rule(self, scores: Scores) -> SegmentRule:
        for rule in self.rules:
            if rule.takes(scores):
                return rule
        raise AssertionError(f"nobody takes {scores}")


def definitions_of(program: Mapping[str, object]) -> Definitions:
    """Return what the program says, with the documented default for what it leaves out."""
    segments = program.get("segments") or {}
    assert isinstance(segments, Mapping)
    rules, personas = segments.get("rules", DEFAULT_RULES), segments.get("personas", DEFAULT_PERSONAS)
    words = {score: str(one["word"]) for one in personas for score in range(1, 6) if _has(one["r"], score)}
    return Definitions(
        [
            SegmentRule(
                str(rule["name"]), _ranges(rule.get("all")), _ranges(rule.get("any")), _ranges(rule.get("not_all"))
            )
            for rule in rules
        ],
        [words[score] for score in range(1, 6)],
    )


def _ranges(asks: object) -> list[Range]:
    if asks is None:
        return []
    assert isinstance(asks, Mapping)
    ends = {name: str(asks[name]).split("-") for name in ("r", "f", "m") if asks.get(name) is not None}
    return [(name, int(pair[0]), int(pair[-1])) for name, pair in ends.items()]


def _has(scores: object, score: int) -> bool:
    ends = str(scores).split("-")
    return int(ends[0]) <= score <= int(ends[-1])


def _meets(scores: Scores, wanted: Range) -> bool:
    name, lowest, highest = wanted
    return getattr(scores, name) in range(lowest, highest + 1)
