"""The trainer: a fold of the samples topic. The same records give the same snapshots, byte for byte, in any process."""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from models.centres import Centres
from models.customer_table import CustomerTable, Integers, Row
from models.day_ends import DayEnds
from models.errors import SettingsMismatchError
from models.kmeans import Points, shares
from models.log_matrix import as_features
from models.naming import broken_predicates, names_from_profiles
from models.online import OnlineCentres
from models.publishing import snapshot_of
from models.scaled import days_ago, scaled
from models.settings import LearningSettings
from models.valuing import Valuing
from models.watch import drift_of
from schemas.features import CustomerFacts, Features, log_features, sampling_key
from schemas.instants import DAY_MICROSECONDS, Instant
from schemas.samples import Sample, SampleSlice
from schemas.snapshot import Progress, Snapshot

_CUSTOMERS_A_CLUSTER: Final = 10
_QUIET_DAYS_MOST: Final = 30
"""After a longer break it does not matter any more who was where."""


class Trainer:
    """Learns from a daily, uniform sweep of customers with their true recency, whoever ordered."""

    def __init__(self, settings: LearningSettings) -> None:
        self._settings = settings
        self._days = self._broken_days = 0
        self._names: tuple[str, ...] = ()
        self._online: OnlineCentres | None = None
        self._centres = Centres(settings)
        self._table = CustomerTable(settings.table_customers)
        self._valuing = Valuing(settings)
        self._day_ends = DayEnds()
        self._published_days: int | None = None
        self._began_at: Instant | None = None
        self._forgets_before: Instant | None = None
        self._known_until = 0
        self._ended_at: Instant | None = None
        self._published: Snapshot | None = None

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
        trainer._days = trainer._published_days = progress.days
        trainer._broken_days = progress.broken_days
        trainer._names = tuple(cluster.name for cluster in snapshot.clusters)
        trainer._online = OnlineCentres.of(snapshot, settings.halflife)
        trainer._centres = Centres.of(snapshot, settings)
        trainer._table = CustomerTable(settings.table_customers, snapshot.sample_below)
        trainer._valuing = Valuing(settings, snapshot)
        trainer._day_ends = DayEnds(progress.clocks, snapshot.trained_at)
        trainer._forgets_before = trainer._forgotten_at(snapshot.trained_at)
        trainer._ended_at = snapshot.trained_at
        trainer._known_until = snapshot.samples_until
        trainer._published = snapshot
        return trainer

    def take(self, samples: SampleSlice, offset: int) -> Snapshot | None:
        """Take the next record of the samples topic; return a snapshot if a day ended with it and one is due.

        A day has ended when the sweep of the next one is done, so that the snapshot is made from what it has just seen.

        None while warming up. Records that the snapshot resumed from knew already only fill the table again.
        """
        if offset < self._known_until:
            self._remember(samples, offset)
            return None
        if self._began_at is None:
            self._began_at = samples.at
        for sample in samples.rows:
            self._learn(sample, samples.at, offset)
        if not samples.is_last:
            return None
        ended_at = self._day_ends.reached(samples.partition, samples.at)
        return None if ended_at is None else self._day_ended(ended_at, offset + 1)

    def _remember(self, samples: SampleSlice, offset: int) -> None:
        """Fill the table; what was forgotten by then stays out, or it might be pruned as it was not."""
        is_forgotten = self._forgets_before is not None and samples.at < self._forgets_before
        for sample in samples.rows:
            if sample.frequency <= 0:
                continue
            key = sampling_key(sample.customer_id)
            self._valuing.watch(key, sample, samples.at, offset)
            if not is_forgotten:
                self._table.put(key, _row(sample, samples.at, offset))

    def _learn(self, sample: Sample, at: Instant, offset: int) -> None:
        """An older sample of the same customer changes nothing, nor does one without orders."""
        if sample.frequency <= 0:
            return
        key, row = sampling_key(sample.customer_id), _row(sample, at, offset)
        self._valuing.watch(key, sample, at, offset)
        kept = self._table.put(key, row)
        if kept and self._online is not None and (key + self._days) % self._settings.learn_every == 0:
            self._online.learn_one(log_features(CustomerFacts(*row[:4]), self._settings.minor_per_major))

    def _day_ended(self, at: Instant, until: int) -> Snapshot | None:
        self._days += 1
        self._valuing.learn(at, self._table.rows)
        snapshot = self._re_anchored(at) if self._is_warm(at) else None
        self._ended_at = at
        is_due = self._is_due()
        drift = drift_of(self._published, snapshot, self._table.facts(), self._days) if snapshot and is_due else None
        # Afterwards: where the log jumped over many days, the sweep has just begun to find everybody again.
        self._table.forget_before(self._forgotten_at(at))
        if snapshot is None or not is_due:
            return None
        self._published_days = self._days
        began = min(self._table.oldest_offset(until), self._valuing.oldest_offset(until))
        self._published = msgspec.structs.replace(
            snapshot, samples_from=began, samples_until=until, progress=self._progress(), drift=drift
        )
        return self._published

    def _progress(self) -> Progress:
        centres, clocks = self._centres, self._day_ends.clocks()
        return Progress(self._days, self._broken_days, clocks, centres.won_days, centres.calm_days)

    def _forgotten_at(self, ended_at: Instant) -> Instant:
        return ended_at - self._settings.forget_after_days * DAY_MICROSECONDS

    def _is_due(self) -> bool:
        since = self._published_days
        return since is None or self._days - since >= self._settings.publish_every_days

    def _is_warm(self, at: Instant) -> bool:
        """Clusters, once there, stay as long as anybody is sampled at all."""
        known, settings = len(self._table), self._settings
        if self._online is not None:
            return known > 0
        began_at = at if self._began_at is None else self._began_at
        seen_days = at // DAY_MICROSECONDS - began_at // DAY_MICROSECONDS
        return known >= settings.k * _CUSTOMERS_A_CLUSTER and (
            seen_days >= settings.warm_up_days or known >= settings.warm_up_customers
        )

    def _re_anchored(self, at: Instant) -> Snapshot:
        settings, facts = self._settings, self._table.facts()
        today = scaled(facts, settings)
        if self._online is None:
            centres = self._centres.first(today.points, self._days)
        else:
            centres = self._centres.next(today, self._behind_quiet_days(at, facts), self._days)
        raw = [as_features(row) for row in today.raw(centres)]
        scaling = as_features(today.mean), as_features(today.deviation)
        self._name(raw, *scaling)
        parts = shares(today.points, centres)
        snapshot = snapshot_of(settings, at, facts, scaling, raw, self._names, parts, self._centres, self._table.below)
        self._online = OnlineCentres.of(snapshot, settings.halflife)
        return msgspec.structs.replace(snapshot, value=self._valuing.value(facts))

    def _behind_quiet_days(self, at: Instant, facts: Integers) -> Points:
        """Return the centres, in log units, led through the days that no sweep saw.

        A shop that closes for a week ages all of its customers at once. Day by day the centres stay with theirs; in one
        leap they would find themselves among others'.
        """
        assert self._online is not None
        assert self._ended_at is not None, "centres were left by a day that ended"
        raw: Points = np.array(self._online.raw_centres())
        days = (at - self._ended_at) // DAY_MICROSECONDS - 1
        for ago in range(min(days, _QUIET_DAYS_MOST), 0, -1):
            then = days_ago(facts, ago)
            if len(then) >= self._settings.k * _CUSTOMERS_A_CLUSTER:
                quiet = scaled(then, self._settings)
                raw = quiet.raw(self._centres.passed(quiet, raw, self._days))
        return raw

    def _name(self, centres: Sequence[Features], mean: Features, deviation: Features) -> None:
        is_broken = bool(self._names) and bool(broken_predicates(centres, self._names))
        self._broken_days = self._broken_days + 1 if is_broken else 0
        if not self._names or self._broken_days >= self._settings.rename_after_days:
            self._broken_days = 0
            self._names = names_from_profiles(centres, mean, deviation)


def _row(sample: Sample, at: Instant, offset: int) -> Row:
    return Row(sample.recency_days, sample.frequency, sample.monetary_minor, sample.tenure_days, at, offset)
