"""Drift: whether a new model, or the customers under it, differ from the last one by more than they usually do.

The limits are about twice the largest values of the Complete Journey (2,469 households, two seeds, day 45 on), where
nothing happens but a year of shopping. What comes slowly, below them every day, is not noticed.
"""

from math import inf, sqrt
from typing import Final

import numpy as np
from msgspec.structs import replace

from models.customer_table import NEWCOMERS_DAYS, Integers, came_within
from models.drift import centre_shifts, share_shift
from models.emerging import emerging_segment
from models.kmeans import Points, squared_distances
from models.log_matrix import as_features, log_matrix
from schemas.drift import Drift, Notice, values_of
from schemas.features import Features
from schemas.snapshot import Snapshot

CENTRE_SHIFT_LIMIT: Final = 1.8
"""Deviations; there 0.90 at most, 0.16 on a median day: a centre goes a fifth of the way to where it is drawn."""
SHARE_SHIFT_LIMIT: Final = 0.075
"""There 0.037 at most, 0.014 on a median day."""
LABEL_CHURN_LIMIT: Final = 0.12
"""There 0.058 at most, 0.026 on a median day; hysteresis keeps most of these customers where they are."""
DISTANCE_LIMIT: Final = 0.035
"""By which part the distance may exceed its usual level; there 0.016 at most."""
NEWCOMERS_FARTHER: Final = 0.25
"""By which part newcomers may be farther away than others: a shop that is being found by its customers is another one
every week, and nothing is wrong with it."""
SETTLING_DAYS: Final = 30
"""The first days of the trainer, in which customers are still being found, are not judged."""
LEVEL_DAYS: Final = 14
"""How far the usual level of the distance looks back: a new one is the usual one after some weeks."""
REMEMBERED_DAYS: Final = 14
"""An emerging segment that comes back within so many days is not told again."""
LIMITS_FOR_CUSTOMERS: Final = 2_500
"""With fewer, everything is noisier by the root of how many times fewer; with more, the draw's noise stays."""
_DIGITS: Final = 6


def drift_of(before: Snapshot | None, after: Snapshot, facts: Integers, days: int) -> Drift:
    """Return how ``after``, of so many days, differs from the snapshot published before; ``facts``: its customers."""
    logs = log_matrix(facts, after.minor_per_major)
    now = _squared_distances(after, logs)
    distance = round(float(np.sqrt(now.min(axis=1)).mean()), _DIGITS)
    if before is None:
        return Drift(distance=distance, usual_distance=distance, usual_centres=_centres(after))
    then, known = _squared_distances(before, logs), before.drift or Drift(distance=distance, usual_distance=distance)
    found = Drift(
        centre_shift=max(centre_shifts(before, after).values(), default=0.0),
        share_shift=share_shift(before, after),
        label_churn=round(
            float((_ids(after)[now.argmin(axis=1)] != _ids(before)[then.argmin(axis=1)]).mean()), _DIGITS
        ),
        distance=distance,
        usual_distance=round(known.usual_distance + (known.distance - known.usual_distance) / LEVEL_DAYS, _DIGITS),
        usual_centres=_nearer(known.usual_centres, _centres(before)),
        has_restarted=after.restarts > before.restarts,
    )
    if days <= SETTLING_DAYS:
        return found
    judged = _judged(found, known, days - before.progress.days, facts)
    return _with_emerging(judged, before, known, facts, days - before.progress.days)


def _with_emerging(found: Drift, before: Snapshot, known: Drift, facts: Integers, days: int) -> Drift:
    """By the usual centres: those of today are with the group already, where it is far away from everybody else.

    A group about as small as one can be comes and goes from day to day: it is new once.
    """
    group, ago = emerging_segment(before, np.array(found.usual_centres), facts), known.emerged_days_ago
    if ago is None and known.emerging is not None:
        ago = 0  # A snapshot of an older Tierline does not count the days.
    if group is None:
        is_recent = ago is not None and ago + days <= REMEMBERED_DAYS
        return replace(found, emerged_days_ago=None if ago is None or not is_recent else ago + days)
    return replace(found, emerging=replace(group, is_new=ago is None), emerged_days_ago=0)


def _judged(found: Drift, before: Drift, days: int, facts: Integers) -> Drift:
    """Days between two models allow for more, as a random walk does; and so do customers who have come since.

    Only the distance is compared across a restart, which says of itself that clusters are others.
    """
    noise = sqrt(max(days, 1) * max(1.0, LIMITS_FOR_CUSTOMERS / len(facts)))
    farther = DISTANCE_LIMIT * noise + NEWCOMERS_FARTHER * came_within(facts, NEWCOMERS_DAYS)
    of_clusters = (
        CENTRE_SHIFT_LIMIT * noise,
        SHARE_SHIFT_LIMIT * noise + came_within(facts, days),
        LABEL_CHURN_LIMIT * noise,
    )
    limits = (*((inf,) * 3 if found.has_restarted else of_clusters), found.usual_distance * (1 + farther))
    judged = zip(values_of(found).items(), limits, strict=True)
    above = [Notice(name, value, round(limit, _DIGITS)) for (name, value), limit in judged if value > limit]
    return replace(
        found,
        above=tuple(one.measure for one in above),
        noticed=tuple(one for one in above if one.measure not in before.above),
    )


def _nearer(usual: tuple[Features, ...], centres: tuple[Features, ...]) -> tuple[Features, ...]:
    """Return the usual centres a day later; those of a trainer that has just begun to note them are today's."""
    if not usual:
        return centres
    known = np.array(usual)
    return tuple(as_features(row) for row in known + (np.array(centres) - known) / LEVEL_DAYS)


def _centres(snapshot: Snapshot) -> tuple[Features, ...]:
    return tuple(one.centre for one in snapshot.clusters)


def _squared_distances(snapshot: Snapshot, logs: Points) -> Points:
    deviation = np.array(snapshot.scaling.deviation)
    return squared_distances(logs / deviation, np.array(_centres(snapshot)) / deviation)


def _ids(snapshot: Snapshot) -> Integers:
    return np.array([one.id for one in snapshot.clusters])
