"""The trainer: samples in, one snapshot a day out. Pure: same samples, settings and day ends give the same bytes."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from models.customer_table import CustomerTable, Integers
from models.errors import SettingsMismatchError
from models.kmeans import Points, fresh_centres, inertia, lloyd, matched, shares
from models.log_matrix import log_matrix
from models.naming import broken_predicates, names_from_profiles
from models.online import OnlineCentres
from models.publishing import as_features, snapshot_of
from models.settings import LearningSettings
from models.trainer_state import Centres, TrainerState, decode_trainer, encode_trainer
from schemas.features import Features, FeatureSample, log_features, sampling_key
from schemas.instants import Instant
from schemas.snapshot import Snapshot

_CUSTOMERS_A_CLUSTER: Final = 10
_DAY_MICROSECONDS: Final = 86_400_000_000


class Trainer:
    """Learns from a daily, uniform sweep of customers with their true recency, whoever ordered."""

    def __init__(self, settings: LearningSettings, state: TrainerState | None = None) -> None:
        if state is None:
            state = TrainerState(settings=settings)
        if state.settings != settings:
            raise SettingsMismatchError(
                f"the trainer's state was learnt with {state.settings}, not with {settings}; start without it"
            )
        self._settings = settings
        self._days, self._ended_at, self._restarts = state.days, state.ended_at, state.restarts
        self._broken_days = state.broken_days
        self._table = CustomerTable(settings.table_customers, state.rows, state.below)
        self._names: tuple[str, ...] = () if state.centres is None else state.centres.names
        self._online = None if state.centres is None else self._online_from(state.centres)

    @classmethod
    def restored(cls, settings: LearningSettings, blob: bytes) -> "Trainer":
        """Return the trainer that `to_bytes` wrote; raises a `ModelError` if it cannot be gone on with."""
        return cls(settings, decode_trainer(blob))

    def learn(self, sample: FeatureSample) -> None:
        """Take one sample; an older one of the same customer changes nothing, nor does one without orders."""
        if sample.facts.frequency <= 0:
            return
        key = sampling_key(sample.customer_id)
        kept = self._table.put(key, sample.at, sample.facts)
        if kept and self._online is not None and (key + self._days) % self._settings.learn_every == 0:
            self._online.learn_one(log_features(sample.facts, self._settings.minor_per_major))

    def forget(self, customer_id: str) -> None:
        """Drop an erased customer; what they moved in the centres stays, and names nobody."""
        self._table.forget(sampling_key(customer_id))

    def day_ended(self, at: Instant) -> Snapshot | None:
        """Return the snapshot of the day that ends at ``at``, None while warming up or if that day ended already."""
        if self._ended_at is not None and at <= self._ended_at:
            return None
        self._days, self._ended_at = self._days + 1, at
        self._table.forget_before(at - self._settings.forget_after_days * _DAY_MICROSECONDS)
        if not self._is_warm():
            return None
        _, facts = self._table.facts_by_key()
        return self._re_anchored(facts, at)

    def to_bytes(self) -> bytes:
        """Return all that `restored` needs to go on with the same results."""
        return encode_trainer(self._state())

    def _is_warm(self) -> bool:
        """Clusters, once there, stay as long as anybody is sampled at all."""
        known, settings = len(self._table), self._settings
        if self._online is not None:
            return known > 0
        return known >= settings.k * _CUSTOMERS_A_CLUSTER and (
            self._days >= settings.warm_up_days or known >= settings.warm_up_customers
        )

    def _re_anchored(self, facts: Integers, at: Instant) -> Snapshot:
        logs = log_matrix(facts, self._settings.minor_per_major)
        mean, deviation = logs.mean(axis=0), logs.std(axis=0)
        deviation[deviation == 0] = 1.0
        points = (logs - mean) / deviation
        centres = self._next_centres(points, mean, deviation)
        raw = [as_features(row) for row in centres * deviation + mean]
        scaling = as_features(mean), as_features(deviation)
        self._name(raw, *scaling)
        self._online = self._online_from(Centres(centres.tolist(), *scaling, self._names))
        parts = shares(points, centres)
        return snapshot_of(
            self._settings, at, facts, scaling, raw, self._names, parts, self._restarts, self._table.below
        )

    def _next_centres(self, points: Points, mean: Points, deviation: Points) -> Points:
        """Re-anchor yesterday's centres; a fresh start takes their place only where it is clearly better."""
        settings, rng = self._settings, np.random.default_rng([self._settings.seed, self._days])
        drawn = np.sort(rng.permutation(len(points))[: settings.reservoir_customers])
        reservoir = points[drawn]
        fresh = fresh_centres(reservoir, settings.k, rng, settings.fresh_starts, settings.fresh_steps)
        if self._online is None:
            return fresh
        learnt = np.array(self._online.centres()) * np.array(self._online.deviation) + np.array(self._online.mean)
        old = (learnt - mean) / deviation
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

    def _online_from(self, centres: Centres) -> OnlineCentres:
        return OnlineCentres(centres.scaled, centres.mean, centres.deviation, self._settings.halflife)

    def _state(self) -> TrainerState:
        online = self._online
        return TrainerState(
            settings=self._settings,
            days=self._days,
            ended_at=self._ended_at,
            restarts=self._restarts,
            broken_days=self._broken_days,
            below=self._table.below,
            rows=dict(sorted(self._table.rows.items())),
            centres=None if online is None else self._centres_of(online),
        )

    def _centres_of(self, online: OnlineCentres) -> Centres:
        return Centres(online.centres(), online.mean, online.deviation, self._names)
