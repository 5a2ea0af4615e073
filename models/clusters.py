"""The cluster of one customer, carried from before unless another one is clearly nearer."""

from dataclasses import dataclass
from math import sqrt

from models.features import RECENCY, CustomerFacts, Features, log_features
from models.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class ClusterVerdict:
    """The cluster, how far its centre is, and the next one. Distances are in standard deviations."""

    id: int
    name: str
    distance: float
    threshold: float
    """Below it, ``distance`` is near enough: the previous centre's less hysteresis, or the runner-up's."""
    other_name: str
    other_distance: float


def cluster_of(
    snapshot: Snapshot, facts: CustomerFacts, previous: int | None, *, had_event: bool
) -> ClusterVerdict:
    """Return the customer's cluster; ``previous`` is the id carried so far, None (or one unknown) for none.

    A customer moves where another centre is nearer by the snapshot's hysteresis; without an event of their own only
    to a staler one.
    """
    features = log_features(facts, snapshot.minor_per_major)
    distances = [_distance(snapshot, features, cluster.centre) for cluster in snapshot.clusters]
    nearest = distances.index(min(distances))
    if previous is None or not 0 <= previous < len(distances):
        return _verdict(snapshot, distances, nearest, None)
    centres = [cluster.centre for cluster in snapshot.clusters]
    is_nearer = distances[nearest] < (1 - snapshot.hysteresis) * distances[previous]
    may_move = had_event or centres[nearest][RECENCY] > centres[previous][RECENCY]
    return _verdict(snapshot, distances, nearest if is_nearer and may_move else previous, previous)


def _verdict(snapshot: Snapshot, distances: list[float], chosen: int, previous: int | None) -> ClusterVerdict:
    others = [index for index in range(len(distances)) if index != chosen]
    other = min(others, key=lambda index: distances[index])
    if previous is not None and previous != chosen:
        threshold = (1 - snapshot.hysteresis) * distances[previous]
    else:
        threshold = distances[other] / (1 - snapshot.hysteresis if previous is not None else 1)
    name, other_name = snapshot.clusters[chosen].name, snapshot.clusters[other].name
    return ClusterVerdict(chosen, name, distances[chosen], threshold, other_name, distances[other])


def _distance(snapshot: Snapshot, features: Features, centre: Features) -> float:
    pairs = zip(features, centre, snapshot.scaling.deviation, strict=True)
    return sqrt(sum(((value - middle) / deviation) ** 2 for value, middle, deviation in pairs))
