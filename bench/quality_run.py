"""One trainer over days of facts: who is carried where, and how good that is beside batch models."""

from collections.abc import Callable, Container, Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans  # type: ignore[import-untyped]
from sklearn.metrics import (  # type: ignore[import-untyped]
    adjusted_rand_score,
    davies_bouldin_score,
    silhouette_score,
)
from sklearn.mixture import GaussianMixture  # type: ignore[import-untyped]

from bench.quality_edges import rank_errors
from models.assign import NO_CLUSTER, assign_many
from models.kmeans import inertia, shares
from models.log_matrix import log_matrix
from models.settings import LearningSettings
from models.trainer import Trainer
from schemas.instants import DAY_MICROSECONDS
from schemas.samples import Sample, SampleSlice
from schemas.snapshot import Snapshot

Facts: TypeAlias = npt.NDArray[np.int64]
Integers: TypeAlias = npt.NDArray[np.int64]
Labels: TypeAlias = Integers
EMERGING: Final = "emerging segment"
LOOKED_AT: Final = 5_000
"""Of more customers, silhouettes are means over so many, always the same."""
Sweep: TypeAlias = Callable[[int, Facts], list[Facts]]
"""The slices of a day: the rows of ``(number, facts)`` that the trainer gets, in their order."""


class Checkpoint(NamedTuple):
    """How good the clusters are on one day; every ratio is ours / batch k-means."""

    day: int
    silhouette: float
    inertia: float
    davies_bouldin: float
    """Above 1 is worse."""
    gmm: float
    """The adjusted Rand index of ours and a Gaussian mixture's clusters; 1 is the same."""
    batch_gmm: float
    """The same of batch k-means and the mixture."""
    least_share: float


class Alarm(NamedTuple):
    """One alarm of the trainer."""

    day: int
    measure: str
    """``centre_shift`` and the like, or `EMERGING`."""
    customers: int | None = None
    """In an emerging segment."""


class Measured(NamedTuple):
    """A whole run."""

    checkpoints: list[Checkpoint]
    switched: list[float]
    """By day: the part of the customers whom the new snapshot moved, with the same facts."""
    flaps: float
    """Per 100,000 customer-days."""
    renamed: int
    restarts: int
    edge_errors: list[list[float]]
    """Of each adoption, how far the snapshot's edges are from the exact ranks of all customers; see `rank_errors`."""
    last: Snapshot | None
    alarms: list[Alarm]


def whole_sweep(_day: int, facts: Facts) -> list[Facts]:
    """Return everybody who ordered, once."""
    return [_numbered(facts, facts[:, 1] > 0)]


def half_sweep(day: int, facts: Facts) -> list[Facts]:
    """Return everybody who ordered once in two days."""
    numbers = np.arange(len(facts))
    return [_numbered(facts, (facts[:, 1] > 0) & (numbers % 2 == day % 2))]


def double_sweep(day: int, facts: Facts) -> list[Facts]:
    """Return everybody who ordered twice a day."""
    return whole_sweep(day, facts) * 2


def follow(
    settings: LearningSettings, days: Sequence[Facts], checkpoints: Container[int], sweep: Sweep = whole_sweep
) -> Measured:
    """Let a trainer learn from these days, and workers adopt each snapshot as it comes."""
    trainer, offset, judge = Trainer(settings), 0, Judge(settings, checkpoints)
    for day, facts in enumerate(days):
        snapshot, offset = _learnt(trainer, day, sweep(day, facts), offset)
        if snapshot is not None:
            judge.adopt(day, facts, snapshot)
    return judge.measured()


class Judge:
    """Adopts snapshots as workers do, day by day, and keeps count of what that does to the customers."""

    def __init__(self, settings: LearningSettings, checkpoints: Container[int]) -> None:
        self._settings, self._checkpoints = settings, checkpoints
        self._found: list[Checkpoint] = []
        self._switched: list[float] = []
        self._edge_errors: list[list[float]] = []
        self._alarms: list[Alarm] = []
        self._last: Snapshot | None = None
        self._carried: Labels = np.zeros(0, dtype=np.int64)
        self._history: list[Labels] = []
        self._orders = self._moved_on = np.zeros(0, dtype=np.int64)
        """Of each customer, the orders as of the last adoption, and the number of the adoption that found them more."""
        self._adoptions = self._flaps = self._kept_days = self._renamed = 0

    def adopt(self, day: int, facts: Facts, snapshot: Snapshot) -> None:
        """Move everybody to where ``snapshot`` has them; ``facts``: as of now, a customer keeps their row for ever."""
        before, self._last = self._last, snapshot
        known, ordered = facts[:, 1] > 0, self._note_orders(facts[:, 1])
        carried = self._carried = _grown(self._carried, len(facts), NO_CLUSTER)
        logs = log_matrix(facts[known], self._settings.minor_per_major)
        old = assign_many(before or snapshot, logs, carried[known], ordered[known])
        now = assign_many(snapshot, logs, old, np.zeros(len(logs), dtype=bool))
        self._switched.append(float((now != old).mean()))
        self._edge_errors.append(rank_errors(snapshot.edges, facts[known]))
        carried[known] = now
        if before is not None:
            self._renamed += [c.name for c in before.clusters] != [c.name for c in snapshot.clusters]
        history = self._history = [*(_grown(one, len(facts), NO_CLUSTER) for one in self._history[-6:]), carried.copy()]
        self._flaps += _flaps(history, self._adoptions - self._moved_on)
        self._kept_days += len(logs)
        self._alarms += alarms_of(day, snapshot)
        if day in self._checkpoints:
            self._found.append(_checkpoint(day, logs[:, : self._settings.features], now, snapshot))

    def _note_orders(self, orders: Integers) -> npt.NDArray[np.bool_]:
        """Return who has other orders than at the last adoption."""
        self._adoptions += 1
        more: npt.NDArray[np.bool_] = _grown(self._orders, len(orders), 0) != orders
        self._moved_on = np.where(more, self._adoptions, _grown(self._moved_on, len(orders), 0))
        self._orders = orders.copy()
        return more

    def measured(self) -> Measured:
        """Return what was found so far."""
        return Measured(
            self._found,
            self._switched,
            100_000 * self._flaps / max(self._kept_days, 1),
            self._renamed,
            0 if self._last is None else self._last.restarts,
            self._edge_errors,
            self._last,
            self._alarms,
        )


def alarms_of(day: int, snapshot: Snapshot) -> list[Alarm]:
    """Return what the trainer noticed with this snapshot, as it says it on the topic of alerts."""
    drift = snapshot.drift
    if drift is None:
        return []
    found = [Alarm(day, notice.measure) for notice in drift.noticed]
    if drift.emerging is not None and drift.emerging.is_new:
        found.append(Alarm(day, EMERGING, drift.emerging.customers))
    return found


def _grown(column: Integers, customers: int, value: int) -> Integers:
    return np.append(column, np.full(customers - len(column), value))


def _learnt(trainer: Trainer, day: int, slices: list[Facts], offset: int) -> tuple[Snapshot | None, int]:
    part = DAY_MICROSECONDS // (len(slices) + 1)
    for index, numbered in enumerate(slices):
        at = day * DAY_MICROSECONDS + index * part
        trainer.take(SampleSlice(partition=0, at=at, rows=samples_of(numbered)), offset)
        offset += 1
    ended = SampleSlice(partition=0, at=(day + 1) * DAY_MICROSECONDS, rows=())
    return trainer.take(ended, offset), offset + 1


def samples_of(numbered: Facts) -> tuple[Sample, ...]:
    """Return rows of ``(number, facts)`` as a worker samples them."""
    return tuple(Sample(str(number), *rest) for number, *rest in numbered.tolist())


def _numbered(facts: Facts, chosen: npt.NDArray[np.bool_]) -> Facts:
    return np.column_stack([np.arange(len(facts)), facts])[chosen]


def _flaps(history: list[Labels], since_order: Integers) -> int:
    """Customers who are back today where they were, after somewhere else yesterday, without an order since.

    ``since_order``: how many adoptions ago an order of theirs was found.
    """
    if len(history) < 3:
        return 0
    today, yesterday = history[-1], history[-2]
    back = np.zeros(len(today), dtype=bool)
    for ago, then in enumerate(reversed(history[:-2]), 2):
        back |= (then == today) & (then != NO_CLUSTER) & (since_order >= ago)
    return int((back & (yesterday != today)).sum())


def _checkpoint(day: int, logs: npt.NDArray[np.float64], labels: Labels, snapshot: Snapshot) -> Checkpoint:
    mean, deviation, k = logs.mean(axis=0), logs.std(axis=0), len(snapshot.clusters)
    points = (logs - mean) / deviation
    batch = KMeans(k, n_init=10, random_state=0).fit(points)
    mixture = GaussianMixture(k, n_init=3, random_state=0).fit_predict(points)
    centres = (np.array([cluster.centre for cluster in snapshot.clusters])[:, : logs.shape[1]] - mean) / deviation
    return Checkpoint(
        day,
        _silhouette(points, labels) / _silhouette(points, batch.labels_),
        float(inertia(points, centres) * len(points) / batch.inertia_),
        float(davies_bouldin_score(points, labels) / davies_bouldin_score(points, batch.labels_)),
        float(adjusted_rand_score(mixture, labels)),
        float(adjusted_rand_score(mixture, batch.labels_)),
        float(shares(points, centres).min()),
    )


def _silhouette(points: npt.NDArray[np.float64], labels: Labels) -> float:
    looked_at = LOOKED_AT if len(points) > LOOKED_AT else None
    return float(silhouette_score(points, labels, sample_size=looked_at, random_state=0))
