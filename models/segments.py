"""The six rule segments: the first rule that three scores meet, and the smallest change that would lead elsewhere."""

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec


class Scores(msgspec.Struct, frozen=True, gc=False):
    """Recency, frequency and monetary, 1-5; 5 is best."""

    r: int
    f: int
    m: int


class SegmentRule(NamedTuple):
    """One segment and the scores that it takes."""

    name: str
    accepts: Callable[[int, int, int], bool]


RULE_SEGMENTS: Final = (
    SegmentRule("VIP", lambda r, f, m: r >= 4 and f >= 4 and m >= 4),
    SegmentRule("Loyal", lambda r, f, m: r >= 4 and (f >= 4 or m >= 4)),
    SegmentRule("Potential Loyalist", lambda r, f, m: r >= 3 and f >= 3),
    SegmentRule("At Risk", lambda r, f, m: r <= 2 and (f >= 3 or m >= 3)),
    SegmentRule("Dormant", lambda r, f, m: r <= 2 and f <= 2 and m <= 2),
    SegmentRule("Regulars", lambda _r, _f, _m: True),
)
"""First match wins."""


def rule_segment(scores: Scores) -> str:
    """Return the first segment whose rule the scores meet; the last takes everybody."""
    return next(rule.name for rule in RULE_SEGMENTS if rule.accepts(scores.r, scores.f, scores.m))


def nearest_other(scores: Scores) -> tuple[str, int, str] | None:
    """Return the smallest change of one score that leads to another segment: score name, its new value, segment.

    Ties go to the better score, then to r before f before m. Every customer has one, away from a change of the rules.
    """
    found = []
    for order, name in enumerate(("r", "f", "m")):
        now = getattr(scores, name)
        for value in range(1, 6):
            segment = rule_segment(msgspec.structs.replace(scores, **{name: value}))
            if segment != rule_segment(scores):
                found.append((abs(value - now), -value, order, name, segment))
    if not found:
        return None
    _, minus_value, _, name, segment = min(found)
    return name, -minus_value, segment
