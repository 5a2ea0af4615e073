"""One trainer over days of facts: who is carried where, and how good that is beside batch models."""

from collections.abc import Callable, Container, Sequence
from typing import NamedTuple, TypeAlias

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
Labels: TypeAlias = npt.NDArray[np.intp]
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
    trainer, offset, flaps, kept_days, renamed = Trainer(settings), 0, 0, 0, 0
    found: list[Checkpoint] = []
    switched: list[float] = []
    edge_errors: list[list[float]] = []
    snapshot: Snapshot | None = None
    carried = np.full(len(days[0]), NO_CLUSTER)
    history: list[Labels] = []
    for day, facts in enumerate(days):
        before, known = snapshot, facts[:, 1] > 0
        snapshot, offset = _learnt(trainer, day, sweep(day, facts), offset)
        if snapshot is None:
            continue
        logs, ordered = log_matrix(facts[known], settings.minor_per_major), facts[known, 0] == 0
        old = assign_many(before or snapshot, logs, carried[known], ordered)
        now = assign_many(snapshot, logs, old, np.zeros(len(logs), dtype=bool))
        switched.append(float((now != old).mean()))
        edge_errors.append(rank_errors(snapshot.edges, facts[known]))
        carried[known] = now
        renamed += before is not None and [c.name for c in before.clusters] != [c.name for c in snapshot.clusters]
        history = [*history[-6:], carried.copy()]
        flaps += _flaps(history, facts)
        kept_days += len(logs)
        if day in checkpoints:
            found.append(_checkpoint(day, logs[:, : settings.features], now, snapshot))
    rate, restarts = 100_000 * flaps / max(kept_days, 1), 0 if snapshot is None else snapshot.restarts
    return Measured(found, switched, rate, renamed, restarts, edge_errors, snapshot)


def _learnt(trainer: Trainer, day: int, slices: list[Facts], offset: int) -> tuple[Snapshot | None, int]:
    part = DAY_MICROSECONDS // (len(slices) + 1)
    for index, numbered in enumerate(slices):
        rows = tuple(Sample(str(number), *rest) for number, *rest in numbered.tolist())
        trainer.take(SampleSlice(partition=0, at=day * DAY_MICROSECONDS + index * part, rows=rows), offset)
        offset += 1
    ended = SampleSlice(partition=0, at=(day + 1) * DAY_MICROSECONDS, rows=())
    return trainer.take(ended, offset), offset + 1


def _numbered(facts: Facts, chosen: npt.NDArray[np.bool_]) -> Facts:
    return np.column_stack([np.arange(len(facts)), facts])[chosen]


def _flaps(history: list[Labels], facts: Facts) -> int:
    """Customers who are back today where they were, after somewhere else yesterday, without an order since."""
    if len(history) < 3:
        return 0
    today, yesterday = history[-1], history[-2]
    back = np.zeros(len(today), dtype=bool)
    for ago, then in enumerate(reversed(history[:-2]), 2):
        back |= (then == today) & (then != NO_CLUSTER) & (facts[:, 0] >= ago)
    return int((back & (yesterday != today)).sum())


def _checkpoint(day: int, logs: npt.NDArray[np.float64], labels: Labels, snapshot: Snapshot) -> Checkpoint:
    mean, deviation, k = logs.mean(axis=0), logs.std(axis=0), len(snapshot.clusters)
    points = (logs - mean) / deviation
    batch = KMeans(k, n_init=10, random_state=0).fit(points)
    mixture = GaussianMixture(k, n_init=3, random_state=0).fit_predict(points)
    centres = (np.array([cluster.centre for cluster in snapshot.clusters])[:, : logs.shape[1]] - mean) / deviation
    return Checkpoint(
        day,
        float(silhouette_score(points, labels) / silhouette_score(points, batch.labels_)),
        float(inertia(points, centres) * len(points) / batch.inertia_),
        float(davies_bouldin_score(points, labels) / davies_bouldin_score(points, batch.labels_)),
        float(adjusted_rand_score(mixture, labels)),
        float(adjusted_rand_score(mixture, batch.labels_)),
        float(shares(points, centres).min()),
    )
