"""A snapshot from what was learnt, rounded so that no noise of the last digits is published."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from models.customer_table import Integers
from models.quantiles import edges_of
from models.settings import LearningSettings
from schemas.features import Features
from schemas.instants import Instant
from schemas.snapshot import (
    SNAPSHOT_FORMAT,
    BudgetBuyerThresholds,
    Cluster,
    PowerUserThresholds,
    Scaling,
    Snapshot,
)

_DIGITS: Final = 9
_BOTTOM_40, _TOP_40, _TOP_20 = 1, 2, 3  # Which edge of the four.


def snapshot_of(
    settings: LearningSettings,
    at: Instant,
    facts: Integers,
    scaling: tuple[Features, Features],
    centres: Sequence[Features],
    names: Sequence[str],
    shares: npt.NDArray[np.float64],
    restarts: int,
    below: int,
) -> Snapshot:
    """Return the snapshot of these customers and centres (raw log units)."""
    edges = edges_of(facts)
    return Snapshot(
        format=SNAPSHOT_FORMAT,
        trained_at=at,
        customers=len(facts),
        restarts=restarts,
        minor_per_major=settings.minor_per_major,
        edges=edges,
        scaling=Scaling(*scaling),
        clusters=tuple(
            Cluster(index, name, centre, round(float(share), _DIGITS))
            for index, (name, centre, share) in enumerate(zip(names, centres, shares, strict=True))
        ),
        hysteresis=settings.hysteresis,
        budget_buyer=BudgetBuyerThresholds(edges.frequency[_TOP_40], edges.aov_minor[_BOTTOM_40]),
        power_user=PowerUserThresholds(edges.monetary_minor[_TOP_20], edges.aov_minor[_TOP_20]),
        sample_below=below,
    )


def as_features(values: npt.NDArray[np.float64]) -> Features:
    """Return five numbers, rounded to nine digits."""
    recency, frequency, monetary, aov, tenure = (round(float(value), _DIGITS) for value in values)
    return (recency, frequency, monetary, aov, tenure)
