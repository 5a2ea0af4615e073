"""What the trainer noticed about its own models; part of each snapshot."""

from typing import Final, Literal, TypeAlias

import msgspec

from schemas.features import Features

Measure: TypeAlias = Literal["centre_shift", "share_shift", "label_churn", "unassigned_distance"]
MEASURES: Final[tuple[Measure, ...]] = ("centre_shift", "share_shift", "label_churn", "unassigned_distance")


class Notice(msgspec.Struct, frozen=True):
    """A measure went above its limit; while it stays there, nothing more is said."""

    measure: Measure
    value: float
    limit: float


class Emerging(msgspec.Struct, frozen=True):
    """Customers whom the centres of the weeks before leave out, near to each other."""

    customers: int
    """Of those looked at."""
    share: float
    centre: Features
    """In raw log units."""
    is_new: bool = True
    """There was none in the weeks before; while there is one, nothing more is said."""


class Drift(msgspec.Struct, frozen=True):
    """How a snapshot differs from the one published before it; zeros in the first."""

    centre_shift: float = 0.0
    """The farthest move of a cluster's centre, in standard deviations."""
    share_shift: float = 0.0
    """Half the sum of what the clusters' shares changed by: which part of the customers is elsewhere, 0-1."""
    label_churn: float = 0.0
    """Which part of the customers is nearest to another cluster's centre, with the same facts, 0-1."""
    distance: float = 0.0
    """The mean distance of the customers to their nearest centre, in standard deviations."""
    usual_distance: float = 0.0
    """The same, as of the days before: a mean in which older days count for less and less."""
    usual_centres: tuple[Features, ...] = ()
    """Where centres were before, in the same way, by cluster, in raw log units; none in an older Tierline's."""
    has_restarted: bool = False
    """Clusters were started afresh in between: they are others, and all measures but the distance have no limit."""
    above: tuple[Measure, ...] = ()
    """What is above its limit."""
    noticed: tuple[Notice, ...] = ()
    """What was not above it in the snapshot before."""
    emerging: Emerging | None = None
    emerged_days_ago: int | None = None
    """Since the last emerging segment, 0 where there is one; None: there was none for weeks."""


def values_of(drift: Drift) -> dict[Measure, float]:
    """Return what is compared with a limit, by measure."""
    values = (drift.centre_shift, drift.share_shift, drift.label_churn, drift.distance)
    return dict(zip(MEASURES, values, strict=True))
