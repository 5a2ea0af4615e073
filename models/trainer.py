"""The trainer: a fold of the samples topic. The same records give the same snapshots, byte for byte, in any process."""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from models.customer_table import CustomerTable, Row
from models.day_ends import DayEnds
from models.errors import SettingsMismatchError
from models.kmeans import Points, fresh_centres, inertia, lloyd, matched, shares
from models.log_matrix import log_matrix
from models.naming import broken_predicates, names_from_profiles
from models.online import OnlineCentres
from models.publishing import as_features, snapshot_of
from models.settings import LearningSettings
from schemas.features import CustomerFacts, Features, log_features, sampling_key
from schemas.instants import DAY_MICROSECONDS, Instant
from schemas.samples import Sample, SampleSlice
from schemas.snapshot import Progress, Snapshot

_CUSTOMERS_A_CLUSTER: Final = 10
_LEAST_DEVIATION: Final = 1e-8
"""Below it the customers are all the same, but for the noise of the last digits."""


class Trainer:
    """Learns from a daily, uniform sweep of customers with their true recency, whoever ordered."""

    def __init__(self, settings: LearningSettings) -> None:
        self._settings = settings
        self._days = self._restarts = self._broken_days = 0
        self._names: tuple[str, ...] = ()
        self._online: OnlineCentres | None = None
        self._table = CustomerTable(settings.table_customers)
        self._day_ends = DayEnds()
        self._forgets_before: Instant | None = None
        self._known_until = 0

    @classmethod
    def resumed(cls, settings: LearningSettings, snapshot: Snapshot) -> "Trainer":
        """Return the trainer that made ``snapshot``, as it was then; give it the samples from `samples_from` on.

        Raises `SettingsMismatchError` where the snapshot has another number of clusters or another currency's unit.
        """
        found, wanted = (len(snapshot.clusters), snapshot.minor_per_major), (settings.k, settings.minor_per_major)
        if found != wanted:
            raise SettingsMismatchError(
                f"the last model has {found[0]} clusters and {found[1]} minor units in a unit, "
                f"but the program asks for {wanted[0]} and {wanted[1]}"
            )
        trainer, progress = cls(settings), snapshot.progress
        trainer._days, trainer._broken_days, trainer._restarts = progress.days, progress.broken_days, snapshot.restarts
        trainer._names = tuple(cluster.name for cluster in snapshot.clusters)
        trainer._online = OnlineCentres.of(snapshot, settings.halflife)
        trainer._table = CustomerTable(settings.table_customers, snapshot.sample_below)
        trainer._day_ends = DayEnds(progress.clocks, snapshot.trained_at)
        trainer._forgets_before = trainer._forgotten_at(snapshot.trained_at)
        trainer._known_until = snapshot.samples_until
        return trainer

    def take(self, samples: SampleSlice, offset: int) -> Snapshot | None:
        """Take the next record of the samples topic; return the snapshot of the day that ended with it, if one did.

        None while warming up. Records that the snapshot resumed from knew already only fill the table again.
        """
        if offset < self._known_until:
            self._remember(samples, offset)
            return None
        for sample in samples.rows:
            self._learn(sample, samples.at, offset)
        ended_at = self._day_ends.reached(samples.partition, samples.at)
        return None if ended_at is None else self._day_ended(ended_at, offset + 1)

    def _remember(self, samples: SampleSlice, offset: int) -> None:
        """Fill the table; what was forgotten by then stays out, or it might be pruned as it was not."""
        if self._forgets_before is not None and samples.at < self._forgets_before:
            return
        for sample in samples.rows:
            if sample.frequency > 0:
                self._table.put(sampling_key(sample.customer_id), _row(sample, samples.at, offset))

    def _learn(self, sample: Sample, at: Instant, offset: int) -> None:
        """An older sample of the same customer changes nothing, nor does one without orders."""
        if sample.frequency <= 0:
            return
        key, row = sampling_key(sample.customer_id), _row(sample, at, offset)
        kept = self._table.put(key, row)
        if kept and self._online is not None and (key + self._days) % self._settings.learn_every == 0:
            self._online.learn_one(log_features(CustomerFacts(*row[:4]), self._settings.minor_per_major))

    def _day_ended(self, at: Instant, until: int) -> Snapshot | None:
        self._days += 1
        snapshot = self._re_anchored(at) if self._is_warm() else None
        # Afterwards: where the log jumped over many days, the sweep has just begun to find everybody again.
        self._table.forget_before(self._forgotten_at(at))
        if snapshot is None:
            return None
        progress = Progress(self._days, self._broken_days, self._day_ends.clocks())
        began = self._table.oldest_offset(until)
        return msgspec.structs.replace(snapshot, samples_from=began, samples_until=until, progress=progress)

    def _forgotten_at(self, ended_at: Instant) -> Instant:
        return ended_at - self._settings.forget_after_days * DAY_MICROSECONDS

    def _is_warm(self) -> bool:
        """Clusters, once there, stay as long as anybody is sampled at all."""
        known, settings = len(self._table), self._settings
        if self._online is not None:
            return known > 0
        return known >= settings.k * _CUSTOMERS_A_CLUSTER and (
            self._days >= settings.warm_up_days or known >= settings.warm_up_customers
        )

    def _re_anchored(self, at: Instant) -> Snapshot:
        settings, facts = self._settings, self._table.facts()
        logs = log_matrix(facts, settings.minor_per_major)
        mean, deviation = logs.mean(axis=0), logs.std(axis=0)
        deviation[deviation < _LEAST_DEVIATION] = 1.0
        points = (logs - mean) / deviation
        centres = self._next_centres(points, mean, deviation)
        raw = [as_features(row) for row in centres * deviation + mean]
        scaling = as_features(mean), as_features(deviation)
        self._name(raw, *scaling)
        parts = shares(points, centres)
        snapshot = snapshot_of(settings, at, facts, scaling, raw, self._names, parts, self._restarts, self._table.below)
        self._online = OnlineCentres.of(snapshot, settings.halflife)
        return snapshot

    def _next_centres(self, points: Points, mean: Points, deviation: Points) -> Points:
        """Re-anchor yesterday's centres; a fresh start takes their place only where it is clearly better."""
        settings, rng = self._settings, np.random.default_rng([self._settings.seed, self._days])
        drawn = np.sort(rng.permutation(len(points))[: settings.reservoir_customers])
        reservoir = points[drawn]
        fresh = fresh_centres(reservoir, settings.k, rng, settings.fresh_starts, settings.fresh_steps)
        if self._online is None:
            return fresh
        old = (np.array(self._online.raw_centres()) - mean) / deviation
        target = matched(old, lloyd(reservoir, old, settings.lloyd_steps))
        anchored = old + settings.anchor_pull * (target - old)
        if inertia(points, fresh) > (1 - settings.restart_gain) * inertia(points, anchored):
            return np.asarray(anchored, dtype=np.float64)
        self._restarts += 1
        return matched(old, fresh)

    def _name(self, centres: Sequence[Features], mean: Features, deviation: Features) -> None:
        is_broken = bool(self._names) and bool(broken_predicates(centres, self._names))
        self._broken_days = self._broken_days + 1 if is_broken else 0
        if not self._names or self._broken_days >= self._settings.rename_after_days:
            self._broken_days = 0
            self._names = names_from_profiles(centres, mean, deviation)


def _row(sample: Sample, at: Instant, offset: int) -> Row:
    return Row(sample.recency_days, sample.frequency, sample.monetary_minor, sample.tenure_days, at, offset)
