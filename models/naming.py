"""Names of clusters from their centres' profiles, with predicates that keep a name honest.

Newcomers have by far the shortest tenure; Dormant are the stalest of the rest; the others are named by what they spend.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import log
from typing import Final

from schemas.features import MONETARY, RECENCY, TENURE, Features

NEWCOMERS: Final = "Newcomers"
DORMANT: Final = "Dormant"
BY_SPEND: Final = ("Champions", "Loyal", "Steady", "Occasional", "Light")
"""Most spend first; further ones are Light 2, Light 3, ..."""

_SHORT_TENURE = -1.0  # Standard deviations below the mean: below it, a cluster may be called Newcomers.
_MARGIN = log(1.5)  # A predicate is broken only by a half in raw units, so that near ties do not flip names.


def names_from_profiles(centres: Sequence[Features], mean: Features, deviation: Features) -> tuple[str, ...]:
    """Return one distinct name a centre, in raw log units, in the order given."""
    rest = set(range(len(centres)))
    names: dict[int, str] = {}
    youngest = min(rest, key=lambda index: centres[index][TENURE])
    if (centres[youngest][TENURE] - mean[TENURE]) / deviation[TENURE] < _SHORT_TENURE and len(rest) > 2:
        names[youngest] = NEWCOMERS
        rest.remove(youngest)
    stalest = max(rest, key=lambda index: centres[index][RECENCY])
    names[stalest] = DORMANT
    rest.remove(stalest)
    by_spend = sorted(rest, key=lambda index: -centres[index][MONETARY])
    names.update((index, _spend_name(rank)) for rank, index in enumerate(by_spend))
    return tuple(names[index] for index in range(len(centres)))


def broken_predicates(centres: Sequence[Features], names: Sequence[str]) -> list[str]:
    """Return what the names claim and the centres deny, in words; empty where every name is true."""
    by_name = dict(zip(names, centres, strict=True))
    ranked = [by_name[_spend_name(rank)] for rank in range(sum(name not in (NEWCOMERS, DORMANT) for name in names))]
    broken = [
        f"{_spend_name(rank)} do not out-spend {_spend_name(rank + 1)}"
        for rank, (more, less) in enumerate(pairwise(ranked))
        if less[MONETARY] > more[MONETARY] + _MARGIN
    ]
    dormant = by_name[DORMANT][RECENCY]
    if any(centre[RECENCY] > dormant + _MARGIN for name, centre in by_name.items() if name != NEWCOMERS):
        broken.append(f"{DORMANT} are not the stalest")
    newest = by_name.get(NEWCOMERS)
    if newest is not None and any(centre[TENURE] < newest[TENURE] - _MARGIN for centre in centres):
        broken.append(f"{NEWCOMERS} are not the newest")
    return broken


def _spend_name(rank: int) -> str:
    last = len(BY_SPEND) - 1
    return BY_SPEND[rank] if rank <= last else f"{BY_SPEND[last]} {rank - last + 1}"
