"""What a group buys, where and when, in words; only what so many orders can carry."""

from collections.abc import Iterator
from math import sqrt
from typing import Final

from replay.habits import ASPECTS, Habits
from storefront.portrait_words import percent
from tierline.console import Json

FEW_ORDERS: Final = 30
"""Of fewer nothing is said."""
MORE: Final = 1.2
"""At least so many times everybody's share is worth a sentence."""
CERTAIN: Final = 3.0
"""And so many standard errors above it: many values are looked at, and some are high by chance."""
WORTH_SAYING: Final = 0.05
"""And so large a share of the group's orders: one shop of hundreds describes nobody."""
LISTED: Final = 5
_WORDS: Final = {
    "category": "their orders hold {}",
    "region": "their orders come from {}",
    "weekday": "their orders are placed on a {}",
    "channel": "their orders come by {}",
}


def habits_view(mine: Habits, everybody: Habits) -> dict[str, Json]:
    """Return the most frequent values of each aspect as shares of the orders that say anything of it, and sentences."""
    lists: dict[str, Json] = {aspect: _most_common(mine, everybody, aspect) for aspect in ASPECTS}
    return {"orders": mine.orders, **lists, "words": list(habit_words(mine, everybody))}


def habit_words(mine: Habits, everybody: Habits) -> Iterator[str]:
    """Yield what the group does clearly more often than everybody, at most one sentence an aspect."""
    for aspect in ASPECTS:
        orders = mine.known[aspect]
        if orders < FEW_ORDERS:
            continue
        shares = {name: count / orders for name, count in mine.counts[aspect].items()}
        more = {name: share - _of_all(everybody, aspect, name) for name, share in shares.items()}
        best = max(more, key=lambda name: (more[name], name))
        share, usual = shares[best], _of_all(everybody, aspect, best)
        error = sqrt(usual * (1 - usual) / orders)
        if share >= WORTH_SAYING and share >= MORE * usual and share - usual >= CERTAIN * error:
            yield f"{percent(share)} of {_WORDS[aspect].format(best)}; of all orders {percent(usual)}."


def _most_common(mine: Habits, everybody: Habits, aspect: str) -> list[Json]:
    most = sorted(mine.counts[aspect].items(), key=lambda one: (-one[1], one[0]))[:LISTED]
    shares = [(name, count / mine.known[aspect], _of_all(everybody, aspect, name)) for name, count in most]
    return [{"name": name, "share": round(share, 4), "of_all": round(usual, 4)} for name, share, usual in shares]


def _of_all(everybody: Habits, aspect: str, name: str) -> float:
    return everybody.counts[aspect][name] / everybody.known[aspect]
