"""Batch steps on small samples: k-means++ start, Lloyd steps, and matching of new centres to old ones.

Distances are summed feature by feature in a fixed order, without BLAS, so that equal input gives equal bytes.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

Points: TypeAlias = npt.NDArray[np.float64]
"""Shape (points, features), in scaled units."""
Labels: TypeAlias = npt.NDArray[np.intp]


def squared_distances(points: Points, centres: Points) -> Points:
    """Return shape (points, centres), laid out by centre: few centres, many points."""
    total = np.zeros((len(centres), len(points)))
    for feature in range(points.shape[1]):
        way = np.subtract.outer(centres[:, feature], np.ascontiguousarray(points[:, feature]))
        way *= way
        total += way
    return total.T


def inertia(points: Points, centres: Points) -> float:
    """Return the mean squared distance of the points to their nearest centre."""
    return float(squared_distances(points, centres).min(axis=1).mean())


def shares(points: Points, centres: Points) -> npt.NDArray[np.float64]:
    """Return which part of the points is nearest to each centre."""
    labels = squared_distances(points, centres).argmin(axis=1)
    return np.bincount(labels, minlength=len(centres)) / len(points)


def draw_errors(points: Points, centres: Points) -> npt.NDArray[np.float64]:
    """Return the squared error that each mean of its points has to be expected to have, the points being a draw.

    Infinite where there are not two of them: of one, nobody knows how far others lie around it.
    """
    distances = squared_distances(points, centres)
    labels, k = distances.argmin(axis=1), len(centres)
    counts = np.bincount(labels, minlength=k)
    spread = np.bincount(labels, weights=distances.min(axis=1), minlength=k)
    return np.where(counts > 1, spread / np.maximum(counts * (counts - 1), 1), np.inf)


def lloyd(points: Points, centres: Points, steps: int) -> Points:
    """Return the centres after so many Lloyd steps; one that no point is nearest to goes to the farthest point."""
    for _ in range(steps):
        distances = squared_distances(points, centres)
        labels, before = distances.argmin(axis=1), centres
        centres = _means(points, labels, distances)
        if np.array_equal(centres, before):
            break
    return centres


def fresh_centres(points: Points, k: int, rng: np.random.Generator, starts: int, steps: int) -> Points:
    """Return the best of several k-means++ starts, each after Lloyd steps.

    Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", 2007.
    """
    found = [lloyd(points, _plus_plus(points, k, rng), steps) for _ in range(starts)]
    return min(found, key=lambda centres: inertia(points, centres))


def matched(old: Points, new: Points) -> Points:
    """Return the new centres in the order of the old ones that they are nearest to, all in all (Hungarian method)."""
    _, order = linear_sum_assignment(squared_distances(old, new))
    return np.asarray(new[order], dtype=np.float64)


def _plus_plus(points: Points, k: int, rng: np.random.Generator) -> Points:
    centres = points[[rng.integers(len(points))]]
    while len(centres) < k:
        distances = squared_distances(points, centres).min(axis=1)
        cumulated = np.cumsum(distances)
        chosen = int(np.searchsorted(cumulated, rng.random() * cumulated[-1], "right"))
        centres = np.vstack([centres, points[min(chosen, len(points) - 1)]])
    return centres


def _means(points: Points, labels: Labels, distances: Points) -> Points:
    k = distances.shape[1]
    counts = np.bincount(labels, minlength=k)
    sums = [np.bincount(labels, weights=points[:, feature], minlength=k) for feature in range(points.shape[1])]
    centres = np.column_stack(sums) / np.maximum(counts, 1)[:, None]
    empties = np.flatnonzero(counts == 0)
    if len(empties):
        farthest = np.argsort(-distances.min(axis=1), kind="stable")
        centres[empties] = points[farthest[np.arange(len(empties)) % len(points)]]
    return np.asarray(centres, dtype=np.float64)
