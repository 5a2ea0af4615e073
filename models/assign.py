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
    the snapshot's hysteresis; where nothing happened to the customer, one that is no staler by `fresher_hysteresis`.
    """
    mean, deviation = np.array(snapshot.scaling.mean), np.array(snapshot.scaling.deviation)
    centres = np.array([cluster.centre for cluster in snapshot.clusters])
    squares = squared_distances((logs - mean) / deviation, (centres - mean) / deviation)
    nearest = squares.argmin(axis=1)
    known = (previous >= 0) & (previous < len(centres))
    carried = np.where(known, previous, nearest)
    everyone = np.arange(len(logs))
    at_nearest, at_carried = squares[everyone, nearest], squares[everyone, carried]
    fresher = snapshot.fresher_hysteresis
    is_nearer = at_nearest < (1 - snapshot.hysteresis) ** 2 * at_carried
    is_much_nearer = at_nearest < (0.0 if fresher is None else (1 - fresher) ** 2) * at_carried
    is_staler = centres[nearest, RECENCY] > centres[carried, RECENCY]
    moves = is_nearer & (had_event | is_staler | is_much_nearer)
    return np.where(known & ~moves, carried, nearest)
