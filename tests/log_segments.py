"""Random definitions of segments: any rules that give each of the 125 cells one answer, and words for every recency."""

from __future__ import annotations

import itertools
import random

from tests.builders import Json
from tests.oracle_definitions import DEFAULT_PERSONAS, DEFAULT_RULES, Scores, definitions_of

NAMES = ("VIP", "Loyal", "Regulars", "New", "élan", "win back", "Ruby", "a|b", "c:d", "Big Spender")
WORDS = ("Active", "Dormant", "Cooling", "Fresh", "Öde")
CELLS = [Scores(*scores) for scores in itertools.product(range(1, 6), repeat=3)]


def random_segments(rng: random.Random) -> Json:
    """Return valid ``segments``; some leave out what they can, some write the defaults out."""
    found: Json = {}
    if rng.random() < 0.7:
        found["rules"] = DEFAULT_RULES if rng.random() < 0.1 else _rules(rng)
    if rng.random() < 0.6:
        found["personas"] = DEFAULT_PERSONAS if rng.random() < 0.1 else _personas(rng)
    if rng.random() < 0.2:
        found["traits"] = {"power_user": {"aov_top": rng.choice((0.05, "0.5", 0.2))}}
    if rng.random() < 0.2:
        found["k"] = rng.choice((2, 6, 8))
    return found


def _rules(rng: random.Random) -> list[Json]:
    """Return rules that each take somebody; a last one takes whoever is left."""
    names, left, rules = rng.sample(NAMES, len(NAMES)), set(CELLS), list[Json]()
    for _ in range(rng.choice((0, 1, 3, 6, 8))):
        rule = _rule(rng, names[-1])
        takes = definitions_of({"segments": {"rules": [rule]}}).rules[0].takes
        taken = {cell for cell in left if takes(cell)}
        if taken:
            names.pop()
            left -= taken
            rules.append(rule)
    return [*rules, {"name": names[-1]}] if left else rules


def _rule(rng: random.Random, name: str) -> Json:
    rule: Json = {"name": name}
    kinds = rng.choice((["all"], ["all", "any"], ["any"], ["not_all"], ["all", "not_all"], ["all", "any", "not_all"]))
    for kind in kinds:
        scores = rng.sample("rfm", rng.choice((2, 3) if kind == "any" else (1, 1, 2, 3)))
        rule[kind] = {score: _range(rng) for score in scores}
    return rule


def _range(rng: random.Random) -> object:
    lowest, highest = rng.choice([(a, b) for a in range(1, 6) for b in range(a, 6) if (a, b) != (1, 5)])
    return rng.choice((lowest, str(lowest))) if lowest == highest else f"{lowest}-{highest}"


def _personas(rng: random.Random) -> list[Json]:
    ends = [0, *sorted(rng.sample(range(1, 5), rng.choice((0, 1, 1, 2, 3, 4)))), 5]
    words = rng.sample(WORDS, len(ends) - 1)
    ranges = [f"{below + 1}-{end}" for below, end in itertools.pairwise(ends)]
    found: list[Json] = [{"word": word, "r": scores} for word, scores in zip(words, ranges, strict=True)]
    rng.shuffle(found)
    return found
