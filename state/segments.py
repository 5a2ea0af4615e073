"""The six rule segments: the first rule that three scores meet, and what each asks."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple


class Scores(NamedTuple):
    """Recency, frequency and monetary, 1-5; 5 is best."""

    r: int
    f: int
    m: int


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
    """One segment, the scores that it takes, and what it asks one by one."""

    name: str
    accepts: Callable[[int, int, int], bool]
    asks: tuple[Ask, ...]
    """Loyal and At Risk may miss one of f and m; Regulars miss at least one."""


_HIGH: Final = (Ask("r", ">=", 4), Ask("f", ">=", 4), Ask("m", ">=", 4))
_MIDDLE: Final = (Ask("r", ">=", 3), Ask("f", ">=", 3))

RULE_SEGMENTS: Final = (
    SegmentRule("VIP", lambda r, f, m: r >= 4 and f >= 4 and m >= 4, _HIGH),
    SegmentRule("Loyal", lambda r, f, m: r >= 4 and (f >= 4 or m >= 4), _HIGH),
    SegmentRule("Potential Loyalist", lambda r, f, m: r >= 3 and f >= 3, _MIDDLE),
    SegmentRule(
        "At Risk",
        lambda r, f, m: r <= 2 and (f >= 3 or m >= 3),
        (Ask("r", "<=", 2), Ask("f", ">=", 3), Ask("m", ">=", 3)),
    ),
    SegmentRule(
        "Dormant",
        lambda r, f, m: r <= 2 and f <= 2 and m <= 2,
        (Ask("r", "<=", 2), Ask("f", "<=", 2), Ask("m", "<=", 2)),
    ),
    SegmentRule("Regulars", lambda _r, _f, _m: True, _MIDDLE),
)
"""First match wins."""


@lru_cache(maxsize=125)
def rule_of(scores: Scores) -> SegmentRule:
    """Return the first rule that the scores meet; the last takes everybody."""
    return next(rule for rule in RULE_SEGMENTS if rule.accepts(*scores))
