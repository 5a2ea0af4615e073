"""Quintile edges of whole numbers, and how far an edge is from the exact rank."""

from fractions import Fraction
from math import ceil
from typing import Final

import numpy as np
import numpy.typing as npt

from schemas.snapshot import Edges, Quintiles

QUINTILES: Final = (0.2, 0.4, 0.6, 0.8)


def quintile_edges(values: npt.NDArray[np.int64]) -> Quintiles:
    """Return the smallest values that 20, 40, 60 and 80 % do not exceed (the inverse of the distribution function)."""
    ranked = np.sort(values)
    count = len(ranked)
    first, second, third, fourth = (int(ranked[-(-count * fifth // 5) - 1]) for fifth in (1, 2, 3, 4))
    return (first, second, third, fourth)


def value_at(values: npt.NDArray[np.int64], share: Fraction) -> int:
    """Return the smallest value that this share (above 0, below 1) of the values does not exceed."""
    return int(np.sort(values)[ceil(len(values) * share) - 1])


def exact(share: float) -> Fraction:
    """Return the number as it is written: 0.4 is two fifths, which no float is."""
    return Fraction(str(share))


def edges_of(facts: npt.NDArray[np.int64]) -> Edges:
    """Return the edges of customers' facts, shape (customers, 4) as in `CustomerTable`."""
    return Edges(
        recency_days=quintile_edges(facts[:, 0]),
        frequency=quintile_edges(facts[:, 1]),
        monetary_minor=quintile_edges(facts[:, 2]),
        aov_minor=quintile_edges(aov_minor(facts)),
    )


def rank_error(edges: Quintiles, values: npt.NDArray[np.int64]) -> float:
    """Return the worst distance (0-1) of a wanted rank from the ranks that the edge holds among ``values``.

    An edge holds every rank from the share strictly below it to the share up to it: with ties, more than one.
    """
    ranked = np.sort(values)
    lowest = np.searchsorted(ranked, edges, "left") / len(ranked)
    highest = np.searchsorted(ranked, edges, "right") / len(ranked)
    wanted = np.array(QUINTILES)
    return float(np.maximum(np.maximum(lowest - wanted, wanted - highest), 0).max())


def aov_minor(facts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return each customer's average order value, half-even, exact in whole numbers."""
    divisor = np.maximum(facts[:, 1], 1)
    quotient, remainder = np.divmod(facts[:, 2], divisor)
    up = (2 * remainder > divisor) | ((2 * remainder == divisor) & (quotient % 2 == 1))
    return np.asarray(np.where(facts[:, 1] > 0, quotient + up, 0), dtype=np.int64)
