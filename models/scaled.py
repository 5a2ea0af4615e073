"""Customers in scaled units: log features, by their own mean and deviation."""

from typing import Final, NamedTuple

import numpy as np

from models.customer_table import NEWCOMERS_DAYS, Integers, came_within
from models.kmeans import Points
from models.log_matrix import log_matrix
from models.settings import LearningSettings

_LEAST_DEVIATION: Final = 1e-8
"""Below it the customers are all the same, but for the noise of the last digits."""
_WEIGHTLESS: Final = 1e6
"""The deviation of a feature that is not to count: no two customers differ by a millionth of it."""
_AGES_A_DAY: Final = np.array([1, 0, 0, 1], dtype=np.int64)
"""What a day without an order adds to recency, frequency, spend and tenure."""


class Scaled(NamedTuple):
    """Customers as points, and what they were scaled by."""

    points: Points
    """Shape (customers, features)."""
    mean: Points
    deviation: Points
    newcomers: float = 0.0
    """Which part of them first ordered within the last weeks, 0-1."""

    def raw(self, points: Points) -> Points:
        """Return points of these units in log units."""
        return points * self.deviation + self.mean

    def of(self, raw: Points) -> Points:
        """Return points in log units in these units."""
        return (raw - self.mean) / self.deviation


def scaled(facts: Integers, settings: LearningSettings) -> Scaled:
    """Return the customers with ``facts``, shape (customers, 4), in scaled units."""
    logs = log_matrix(facts, settings.minor_per_major)
    mean, deviation = logs.mean(axis=0), logs.std(axis=0)
    deviation[deviation < _LEAST_DEVIATION] = 1.0
    deviation[settings.features :] = _WEIGHTLESS
    return Scaled((logs - mean) / deviation, mean, deviation, came_within(facts, NEWCOMERS_DAYS))


def days_ago(facts: Integers, days: int) -> Integers:
    """Return the facts of so many days ago of those who have not ordered since."""
    return (facts - days * _AGES_A_DAY)[facts[:, 0] >= days]
