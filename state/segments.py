"""The segments of a program made ready: which rule takes three scores, what it asks, the word of a recency score."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from schemas.segment_parts import Segments
from schemas.segment_rules import BEST, Asks, Persona, RuleSegment, Scores, bounds_of, cells_of


class Ask(NamedTuple):
    """What a rule asks of one score."""

    score: str
    relation: str
    """``>=`` or ``<=``."""
    threshold: int

    def is_met(self, scores: Scores) -> bool:
        """Tell whether the score is on the right side."""
        value: int = getattr(scores, self.score)
        return value >= self.threshold if self.relation == ">=" else value <= self.threshold


class SegmentRule(NamedTuple):
    """One segment, and what its rule asks one by one: all, then any, then what must not all be met."""

    name: str
    asks: tuple[Ask, ...]


class WayOut(NamedTuple):
    """Another segment that one other score would lead to."""

    column: int
    """Which of `Scores`."""
    score: int
    segment: str


@dataclass(frozen=True, slots=True)
class SegmentRules:
    """What a program says of segments; equal where the definitions are."""

    definitions: tuple[tuple[RuleSegment, ...], tuple[Persona, ...]]
    names: tuple[str, ...] = field(compare=False)
    """Of the rule segments, in the order of their rules."""
    table: dict[Scores, SegmentRule] = field(compare=False)
    """The rule that takes each of the 125 cells; looked up at every order."""
    ways_out: dict[Scores, tuple[WayOut, ...]] = field(compare=False)
    """From each cell to other segments, by one score: the smallest change first, then the better score."""
    words: tuple[str, ...] = field(compare=False)
    """The persona's word for each recency score from 1 on."""

    def rule_of(self, scores: Scores) -> SegmentRule:
        """Return the first rule that takes the scores; one always does."""
        return self.table[scores]

    def persona_of(self, recency_score: int, tier: str) -> str:
        """Return tier by recency, such as ``Active Silver``."""
        return persona_named(self.words[recency_score - 1], tier)

    def personas_of(self, tier: str) -> list[str]:
        """Return the personas of one tier, the most recent first."""
        return list(dict.fromkeys(self.persona_of(score, tier) for score in range(BEST, 0, -1)))


@lru_cache(maxsize=256)
def persona_named(word: str, tier: str) -> str:
    """Return the persona's name, such as ``Active Silver``."""
    return f"{word} {tier.title()}"


def segment_rules_of(segments: Segments) -> SegmentRules:
    """Return the segments made ready, the same object for the same definitions."""
    return compiled(segments.rules, segments.personas)


@lru_cache(maxsize=64)
def compiled(rules: tuple[RuleSegment, ...], personas: tuple[Persona, ...]) -> SegmentRules:
    """Return the table of all cells and the words of all recency scores."""
    ready = {rule.name: SegmentRule(rule.name, _asks_of(rule)) for rule in rules}
    table = {cell: ready[name] for cell, name in cells_of(rules).items()}
    return SegmentRules(
        definitions=(rules, personas),
        names=tuple(rule.name for rule in rules),
        table=table,
        ways_out={cell: _ways_out(table, cell) for cell in table},
        words=tuple(_word_of(personas, score) for score in range(1, BEST + 1)),
    )


def _word_of(personas: tuple[Persona, ...], score: int) -> str:
    return next(one.word for one in personas if bounds_of(one.r)[0] <= score <= bounds_of(one.r)[1])


def _ways_out(table: dict[Scores, SegmentRule], cell: Scores) -> tuple[WayOut, ...]:
    ways = []
    for column, here in enumerate(cell):
        for score in range(1, BEST + 1):
            segment = table[cell._replace(**{Scores._fields[column]: score})].name
            if segment != table[cell].name:
                ways.append((abs(score - here), -score, column, WayOut(column, score, segment)))
    return tuple(way for *_, way in sorted(ways))


def _asks_of(rule: RuleSegment) -> tuple[Ask, ...]:
    return tuple(ask for asks in (rule.all_, rule.any_, rule.not_all) if asks for ask in _sides_of(asks))


def _sides_of(asks: Asks) -> list[Ask]:
    """Return a bound for each end of a range that is not 1 or 5."""
    sides = []
    for name, lowest, highest in asks.ranges():
        sides += [Ask(name, ">=", lowest)] if lowest > 1 else []
        sides += [Ask(name, "<=", highest)] if highest < BEST else []
    return sides
