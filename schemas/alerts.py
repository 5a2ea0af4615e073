"""What goes out about the models themselves, for operators: the bodies on `loyalty.alerts.v1`."""

from typing import Literal

from schemas.drift import Measure
from schemas.outputs import Count, HexId, InstantText, MoneyText, Outgoing, Part01
from schemas.topics import ALERTS


class Alert(Outgoing):
    """What every alert has."""

    alert_id: HexId
    at: InstantText
    """The end of the day that the model was made at, by the orders' clock."""
    model_version: Count


class DriftNoticed(Alert):
    """A new model differs from the one before by more than usual. Said once, until the measure has been below again."""

    type: Literal["drift.noticed"]
    measure: Measure
    value: float
    """Deviations for ``centre_shift`` and ``unassigned_distance``, else a part of the customers, 0-1."""
    limit: float
    customers: Count
    """How many the model was made from."""


class Profile(Outgoing):
    """A typical customer of a group: the mean of the logs, in raw units."""

    recency_days: float
    frequency: float
    monetary: MoneyText
    aov: MoneyText
    tenure_days: float


class SegmentEmerged(Alert):
    """Customers are far from every cluster of the model before, and near to each other. Said once while they are."""

    type: Literal["segment.emerged"]
    customers: Count
    """In the group, of those that the trainer looked at."""
    share: Part01
    profile: Profile


ALERT_MODELS: dict[str, tuple[type[Outgoing], ...]] = {ALERTS: (DriftNoticed, SegmentEmerged)}
"""The models of each topic about models."""
