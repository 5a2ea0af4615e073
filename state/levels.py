"""The tier ladder: what is met, near, far and missing."""

from typing import Literal, NamedTuple

from state.rules import Level, Rules
from state.sums import Sums


def qualified_rank(rules: Rules, sums: Sums) -> int:
    """Return the rank of the highest level whose criteria ``sums`` meet."""
    for level in reversed(rules.levels):
        if is_met(rules, level, sums):
            return level.rank
    return 0


def is_met(rules: Rules, level: Level, sums: Sums) -> bool:
    """Tell whether ``sums`` reach ``level``; one without criteria is always met."""
    wanted = rules.match_all
    for criterion in level.criteria:
        if (sums[criterion.column] >= criterion.threshold) != wanted:
            return not wanted
    return wanted or not level.criteria


def is_near(rules: Rules, level: Level, sums: Sums) -> bool:
    """Tell whether ``sums`` come near ``level``: one criterion, or each with `match: all`."""
    wanted = rules.match_all
    for criterion in level.criteria:
        if (sums[criterion.column] >= criterion.near) != wanted:
            return not wanted
    return wanted


def is_far(rules: Rules, level: Level, sums: Sums) -> bool:
    """Tell whether ``sums`` are far from ``level``: each criterion, or any with `match: all`."""
    for criterion in level.criteria:
        if (sums[criterion.column] < criterion.far) == rules.match_all:
            return rules.match_all
    return not rules.match_all


class Way(NamedTuple):
    """What is missing to a level, by criterion; None for a criterion the level leaves out."""

    missing_minor: int | None
    missing_orders: int | None
    spend_progress: float | None
    orders_progress: float | None
    cheapest_path: Literal["spend", "orders", "both"] | None


def way_to(rules: Rules, level: Level, sums: Sums) -> Way:
    """Return how far ``sums`` are on their way to ``level``; progress is 0-1."""
    missing: dict[str, int] = {}
    progress: dict[str, float] = {}
    for criterion in level.criteria:
        value = sums[criterion.column]
        missing[criterion.name] = max(0, criterion.threshold - value)
        progress[criterion.name] = min(1.0, value / criterion.threshold)
    return Way(
        missing.get("spend"),
        missing.get("orders"),
        progress.get("spend"),
        progress.get("orders"),
        _cheapest(rules, level, sums),
    )


def _cheapest(rules: Rules, level: Level, sums: Sums) -> Literal["spend", "orders", "both"] | None:
    criteria = level.criteria
    if rules.match_all:
        criteria = tuple(one for one in criteria if sums[one.column] < one.threshold) or criteria
        if len(criteria) > 1:
            return "both"
    best = None
    for one in criteria:
        if best is None or sums[one.column] * best.threshold > sums[best.column] * one.threshold:
            best = one
    return None if best is None else best.name
