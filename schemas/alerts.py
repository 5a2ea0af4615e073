"""What goes out about the models themselves, for operators: the bodies on `loyalty.alerts.v1`."""

from typing import Literal

from schemas.drift import Measure
from schemas.outputs import Count, HexId, InstantText, Outgoing
from schemas.topics import ALERTS


class DriftNoticed(Outgoing):
    """A new model differs from the one before by more than usual. Said once, until the measure has been below again."""

    type: Literal["drift.noticed"]
    alert_id: HexId
    at: InstantText
    """The end of the day that the model was made at, by the orders' clock."""
    model_version: Count
    measure: Measure
    value: float
    """Deviations for ``centre_shift`` and ``unassigned_distance``, else a part of the customers, 0-1."""
    limit: float
    customers: Count
    """How many the model was made from."""


ALERT_MODELS: dict[str, tuple[type[Outgoing], ...]] = {ALERTS: (DriftNoticed,)}
"""The models of each topic about models."""
