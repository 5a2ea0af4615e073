"""An emerging segment: customers who are far from every centre, and near to each other.

Far customers there always are, each in a corner of their own. On the Complete Journey (2,469 households) 95 at most are
far on a day, and groups of 8 at most among them; a segment that nobody knew is more than a few. Nor is it the edge of a
crowd, where far customers are near to each other because so many are near to them who are not far: where most customers
have one order, those who paid most for it are such an edge.
"""

from math import ceil
from typing import Final

import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from models.customer_table import Integers
from models.kmeans import Points, squared_distances
from models.log_matrix import as_features, log_matrix
from schemas.drift import Emerging
from schemas.snapshot import Snapshot

FAR_DEVIATIONS: Final = 2.5
"""From the nearest centre; customers are 1.15 from it on average."""
NEAR_DEVIATIONS: Final = 0.75
"""From each other."""
LEAST_NEIGHBOURS: Final = 5
NEIGHBOURS_PART: Final = 0.002
"""How many near ones, as a part of all customers looked at, make one a core of a group: what counts is density."""
LEAST_CUSTOMERS: Final = 12
CUSTOMERS_PART: Final = 0.005
"""How many, the cores and who is near one, make a group an emerging segment. To ask for more would be too late: where
they come a few a day, a centre has followed them by then."""
EDGE_PART: Final = 0.25
"""How many others, as a part of the group, may be near to it: to look-alikes put into a log none are, to the edges
found in the log of CDNOW a third or more."""
LOOKED_AT: Final = 25_000
"""Of a larger table so many are looked at, a fair sample: those with the lowest keys."""


def emerging_segment(known: Snapshot, usual: Points, facts: Integers) -> Emerging | None:
    """Return the largest group of customers that the ``usual`` centres leave out; None where there is no segment.

    ``usual``: shape (clusters, features), in raw log units; distances are in the deviations of ``known``. ``facts`` are
    in the order of the sampling keys.
    """
    logs, deviation = log_matrix(facts[:LOOKED_AT], known.minor_per_major), np.array(known.scaling.deviation)
    points, centres = logs / deviation, usual / deviation
    far = squared_distances(points, centres).min(axis=1) > FAR_DEVIATIONS**2
    neighbours = max(LEAST_NEIGHBOURS, ceil(NEIGHBOURS_PART * len(points)))
    near = squared_distances(points[far], points[far]) <= NEAR_DEVIATIONS**2
    cores = near.sum(axis=1) > neighbours  # Each is near to itself.
    if not cores.any():
        return None
    count, labels = connected_components(near[np.ix_(cores, cores)])
    least = max(LEAST_CUSTOMERS, CUSTOMERS_PART * len(points))
    groups = [near[:, np.flatnonzero(cores)[labels == label]].any(axis=1) for label in range(count)]
    for members in sorted(groups, key=np.count_nonzero, reverse=True):
        customers = int(members.sum())
        if customers >= least and not _is_edge(points[far][members], points[~far]):
            return Emerging(customers, round(customers / len(points), 6), as_features(logs[far][members].mean(axis=0)))
    return None


def _is_edge(members: Points, others: Points) -> bool:
    """Tell whether more of the others are near to a member than may be."""
    nearest, _ = cKDTree(members).query(others, distance_upper_bound=NEAR_DEVIATIONS)
    return int(np.isfinite(nearest).sum()) > EDGE_PART * len(members)
