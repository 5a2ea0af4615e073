"""How far one model is from another: what moved, in units that can be compared from shop to shop."""

from math import sqrt
from typing import Final

from schemas.snapshot import Cluster, Snapshot

_DIGITS: Final = 6


def centre_shifts(before: Snapshot, after: Snapshot) -> dict[int, float]:
    """Return how far the centre of each cluster moved, by id, in standard deviations of ``before``."""
    old, deviation = _by_id(before), before.scaling.deviation
    return {
        cluster.id: round(_distance(old[cluster.id].centre, cluster.centre, deviation), _DIGITS)
        for cluster in after.clusters
        if cluster.id in old
    }


def share_shift(before: Snapshot, after: Snapshot) -> float:
    """Return which part of the customers (0-1) would have to change clusters to make one's shares the other's."""
    old, new = _by_id(before), _by_id(after)
    return round(sum(abs(_share(new, one) - _share(old, one)) for one in sorted(old | new)) / 2, _DIGITS)


def _by_id(snapshot: Snapshot) -> dict[int, Cluster]:
    return {cluster.id: cluster for cluster in snapshot.clusters}


def _share(clusters: dict[int, Cluster], cluster_id: int) -> float:
    return clusters[cluster_id].share if cluster_id in clusters else 0.0


def _distance(one: tuple[float, ...], other: tuple[float, ...], deviation: tuple[float, ...]) -> float:
    return sqrt(sum(((a - b) / unit) ** 2 for a, b, unit in zip(one, other, deviation, strict=True)))
