"""The clusters of many customers at once; away from ties the same as `models.clusters` for each."""

import numpy as np
import numpy.typing as npt

from models.kmeans import Labels, Points, squared_distances
from schemas.features import RECENCY
from schemas.snapshot import Snapshot

NO_CLUSTER = -1


def assign_many(
    snapshot: Snapshot,
    logs: Points,
    previous: Labels,
    had_event: npt.NDArray[np.bool_],
) -> Labels:
    """Return the cluster id of each customer, from features in log units, shape (customers, 5).

    ``previous`` is the cluster carried so far, `NO_CLUSTER` for none. It is kept unless another centre is nearer by
    the snapshot's hysteresis and, where nothing happened to the customer, also staler.
    """
    mean, deviation = np.array(snapshot.scaling.mean), np.array(snapshot.scaling.deviation)
    centres = np.array([cluster.centre for cluster in snapshot.clusters])
    squares = squared_distances((logs - mean) / deviation, (centres - mean) / deviation)
    nearest = squares.argmin(axis=1)
    known = (previous >= 0) & (previous < len(centres))
    carried = np.where(known, previous, nearest)
    everyone = np.arange(len(logs))
    margin = (1 - snapshot.hysteresis) ** 2
    is_nearer = squares[everyone, nearest] < margin * squares[everyone, carried]
    is_staler = centres[nearest, RECENCY] > centres[carried, RECENCY]
    return np.where(known & ~(is_nearer & (had_event | is_staler)), carried, nearest)
