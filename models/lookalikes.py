"""Customers alike: nearest neighbours in the model's feature space, found in a k-d tree over samples."""

from math import fsum, sqrt
from typing import Final, NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from models.log_matrix import log_matrix
from models.sample_table import Sampled
from schemas.features import CustomerFacts, Features, log_features
from schemas.instants import Instant
from schemas.snapshot import Snapshot

LEAF_CUSTOMERS: Final = 32


class Neighbour(NamedTuple):
    """A customer as sampled; what is true of them now, their live state says."""

    customer_id: str
    sampled_at: Instant


class Lookalikes:
    """Everybody sampled, by where they stand in the feature space. Never changes once built, so threads may share it.

    The space is that of the clusters: log1p of recency, frequency, monetary, average order value and tenure, each in
    standard deviations of ``snapshot``.
    """

    def __init__(self, sampled: Sampled, snapshot: Snapshot) -> None:
        logs = log_matrix(sampled.facts, snapshot.minor_per_major)
        self._ids, self._sampled_at, self._snapshot = sampled.ids, sampled.sampled_at, snapshot
        # Without the two refinements it is built in a third of the time, and a look-up takes no longer.
        self._tree = cKDTree(
            logs / np.array(snapshot.scaling.deviation), LEAF_CUSTOMERS, compact_nodes=False, balanced_tree=False
        )

    def __len__(self) -> int:
        return len(self._ids)

    def nearest(self, facts: CustomerFacts, count: int, without: str) -> list[Neighbour]:
        """Return the ``count`` nearest customers, nearest first, fewer where there are fewer; never ``without``."""
        wanted = min(count + 1, len(self))
        if not wanted:
            return []
        logs = log_features(facts, self._snapshot.minor_per_major)
        point = np.array(logs) / np.array(self._snapshot.scaling.deviation)
        _, places = self._tree.query(point, k=range(1, wanted + 1))
        found = [Neighbour(self._ids[place], int(self._sampled_at[place])) for place in places]
        return [one for one in found if one.customer_id != without][:count]


def differences(one: CustomerFacts, other: CustomerFacts, snapshot: Snapshot) -> Features:
    """Return how far apart the two are in each feature, in standard deviations; never negative."""
    unit = snapshot.minor_per_major
    pairs = zip(log_features(one, unit), log_features(other, unit), snapshot.scaling.deviation, strict=True)
    recency, frequency, monetary, aov, tenure = (abs(a - b) / deviation for a, b, deviation in pairs)
    return (recency, frequency, monetary, aov, tenure)


def score_of(apart: Features) -> float:
    """Return how alike two customers are, 0-1: ``1 / (1 + d)``, d the root mean square of their differences.

    1 means the same features, 0.5 that they typically differ by a standard deviation. The same from either side.
    """
    return 1 / (1 + sqrt(fsum(each * each for each in apart) / len(apart)))
