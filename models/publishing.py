"""A snapshot from what was learnt, rounded so that no noise of the last digits is published."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from models.centres import Centres
from models.customer_table import Integers
from models.quantiles import aov_minor, edges_of, exact, value_at
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


def snapshot_of(
    settings: LearningSettings,
    at: Instant,
    facts: Integers,
    scaling: tuple[Features, Features],
    centres: Sequence[Features],
    names: Sequence[str],
    shares: npt.NDArray[np.float64],
    learnt: Centres,
    below: int,
) -> Snapshot:
    """Return the snapshot of these customers and centres (raw log units)."""
    budget_buyer, power_user = _thresholds(settings, facts)
    return Snapshot(
        format=SNAPSHOT_FORMAT,
        trained_at=at,
        customers=len(facts),
        restarts=learnt.restarts,
        minor_per_major=settings.minor_per_major,
        edges=edges_of(facts),
        scaling=Scaling(*scaling),
        clusters=tuple(
            Cluster(index, name, centre, round(float(share), _DIGITS))
            for index, (name, centre, share) in enumerate(zip(names, centres, shares, strict=True))
        ),
        hysteresis=settings.restart_hysteresis if learnt.is_calm else settings.hysteresis,
        fresher_hysteresis=settings.restart_fresher_hysteresis if learnt.is_calm else settings.fresher_hysteresis,
        budget_buyer=budget_buyer,
        power_user=power_user,
        sample_below=below,
    )


def _thresholds(settings: LearningSettings, facts: Integers) -> tuple[BudgetBuyerThresholds, PowerUserThresholds]:
    """Return the values behind which the parts of the customers lie that the program means by the two traits."""
    frequency, monetary, aov = facts[:, 1], facts[:, 2], aov_minor(facts)
    budget_buyer = BudgetBuyerThresholds(
        frequency_above=value_at(frequency, 1 - exact(settings.budget_frequency_top)),
        aov_minor_at_most=value_at(aov, exact(settings.budget_aov_bottom)),
    )
    power_user = PowerUserThresholds(
        monetary_minor_above=value_at(monetary, 1 - exact(settings.power_monetary_top)),
        aov_minor_above=value_at(aov, 1 - exact(settings.power_aov_top)),
    )
    return budget_buyer, power_user
