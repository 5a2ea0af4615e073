"""A snapshot: all that a decision about one customer reads about others. Published on `loyalty.models.v1`."""

from typing import Final, TypeAlias

import msgspec

from schemas.drift import Drift
from schemas.features import KEY_LIMIT, Features
from schemas.instants import Instant
from schemas.value import Value

SNAPSHOT_FORMAT: Final = 3
"""Raised when a field changes its meaning; `decode_snapshot` upgrades what is older."""

Quintiles: TypeAlias = tuple[int, int, int, int]
"""The values at 20, 40, 60 and 80 %."""


class UnreadableModelError(ValueError):
    """Bytes that are no snapshot that we can read.

    Operator action: let the trainer learn anew from `loyalty.samples.v1`; workers keep the model they have.
    """


class NewerModelError(ValueError):
    """Written by a newer Tierline.

    Operator action: run the newer version; models are upgraded on reading, never downgraded.
    """


class Edges(msgspec.Struct, frozen=True):
    """Quintile edges of the population, in raw units."""

    recency_days: Quintiles
    frequency: Quintiles
    monetary_minor: Quintiles
    aov_minor: Quintiles


class Scaling(msgspec.Struct, frozen=True):
    """Mean and standard deviation of each feature, in log units; a deviation is never 0."""

    mean: Features
    deviation: Features


class Cluster(msgspec.Struct, frozen=True):
    """One learnt segment. ``id`` stays with it through re-anchoring, matching and restarts."""

    id: int
    name: str
    centre: Features
    """In raw log units."""
    share: float
    """Of the customers sampled, 0-1."""


class BudgetBuyerThresholds(msgspec.Struct, frozen=True):
    """Frequent and cheap: frequency in the top 40 %, AOV in the bottom 40 %."""

    frequency_above: int
    aov_minor_at_most: int


class PowerUserThresholds(msgspec.Struct, frozen=True):
    """Monetary and AOV both in the top 20 %."""

    monetary_minor_above: int
    aov_minor_above: int


class Progress(msgspec.Struct, frozen=True):
    """How far the trainer had come: with it and the samples named beside it, another one goes on."""

    days: int = 0
    """How many days have ended."""
    broken_days: int = 0
    """On how many days in a row a name's predicate was broken."""
    clocks: tuple[tuple[int, Instant], ...] = ()
    """How far each partition's clock was, by partition."""
    won_days: int = 0
    """On how many days in a row clusters started afresh were clearly better."""
    calm_days: int = 0
    """On how many days to come customers are kept more firmly, after a restart."""


class Rollback(msgspec.Struct, frozen=True):
    """An operator published an old snapshot again."""

    to: int
    """The version that was published again."""
    freezes: bool
    """Workers adopt nothing newer until an operator says so; False: an earlier freeze is over."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What the trainer knows at the end of a day. Its version is the offset it gets on its topic."""

    format: int = 0
    trained_at: Instant
    customers: int
    """How many customers the snapshot was made from."""
    restarts: int
    """How often the clusters were started afresh; a higher number than before announces it."""
    minor_per_major: int
    edges: Edges
    scaling: Scaling
    clusters: tuple[Cluster, ...]
    hysteresis: float
    """A customer moves only where the other centre is nearer by this part (0-1)."""
    fresher_hysteresis: float | None = None
    """Without an event of their own, to a centre that is no staler, by this part; None (format 2 and before): never."""
    budget_buyer: BudgetBuyerThresholds
    power_user: PowerUserThresholds
    sample_below: int = KEY_LIMIT
    """Workers need to send samples only of customers whose `sampling_key` is below."""
    samples_from: int = 0
    """The offset of the oldest sample that still counts."""
    samples_until: int = 0
    """The offset behind the last sample that was learnt from."""
    progress: Progress = Progress()
    drift: Drift | None = None
    """How it differs from the snapshot before; None in one of an older Tierline."""
    value: Value | None = None
    """How `clv_90d` comes about; None in one of format 1, where nobody is priced."""
    rollback: Rollback | msgspec.UnsetType = msgspec.UNSET
    """Only where an operator published it: the trainer never goes on from such a one."""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Snapshot)


def encode_snapshot(snapshot: Snapshot) -> bytes:
    """Return the published form: JSON, the same bytes for equal snapshots."""
    return _encoder.encode(snapshot)


def decode_snapshot(blob: bytes) -> Snapshot:
    """Return the snapshot in ``blob``, upgraded to today's format.

    Raises `NewerModelError` for a format of the future, `UnreadableModelError` for anything else.
    """
    try:
        found = msgspec.json.decode(blob, type=_Format).format
        if found > SNAPSHOT_FORMAT:
            raise NewerModelError(f"a snapshot has format {found}; this Tierline reads up to {SNAPSHOT_FORMAT}")
        snapshot = _decoder.decode(blob)
    except msgspec.DecodeError as error:
        raise UnreadableModelError(f"a model snapshot cannot be read: {error}") from error
    return snapshot if found == SNAPSHOT_FORMAT else _upgraded(snapshot)


class _Format(msgspec.Struct):
    format: int = 0


def _upgraded(snapshot: Snapshot) -> Snapshot:
    """Format 0 does not state its format, 1 has no ``value``, 2 no ``fresher_hysteresis``; the others are as today."""
    return msgspec.structs.replace(snapshot, format=SNAPSHOT_FORMAT)
