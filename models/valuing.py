"""Value as the trainer learns it: a prior for today's customers, and labels that mature four weeks after a sample."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from models.correction import learnt
from models.customer_table import Integers, Row
from models.prior import Prior, expected_value, fitted
from models.settings import LearningSettings
from models.watched import Watched, WatchedDays
from schemas.features import CustomerFacts, value_features
from schemas.instants import DAY_MICROSECONDS, Instant
from schemas.samples import Sample
from schemas.snapshot import Snapshot
from schemas.value import HORIZON_DAYS, Value

_SOONEST: Final = 0.75
_LATEST: Final = 1.5
"""A label is of so many times `label_days`: where the sweep lost a customer, or days were jumped over, it is none."""


class Valuing:
    """What is learnt of value between snapshots."""

    def __init__(self, settings: LearningSettings, snapshot: Snapshot | None = None) -> None:
        """Begin anew, or as the trainer of ``snapshot`` went on from it."""
        settled_until = None if snapshot is None else snapshot.trained_at
        self._settings = settings
        self._watched = WatchedDays(settings.watched_a_day, settings.label_days, settled_until)
        value = None if snapshot is None else snapshot.value
        self._prior = None if value is None else Prior(value.orders, value.amounts)
        self._correction = None if value is None else value.correction
        self._labels = 0 if value is None else value.labels

    def watch(self, key: int, sample: Sample, at: Instant, offset: int) -> None:
        """Watch a customer from a sample on, where it is their turn; one of format 1 does not say enough."""
        if sample.month_minor is None or sample.quarter_minor is None:
            return
        facts = CustomerFacts(
            sample.recency_days,
            sample.frequency,
            sample.monetary_minor,
            sample.tenure_days,
            sample.month_minor,
            sample.quarter_minor,
        )
        self._watched.put(Watched(key, facts, at, offset))

    def learn(self, ended_at: Instant, latest: Mapping[int, Row]) -> None:
        """Learn from those who were watched for long enough; ``latest`` holds everyone's last sample."""
        settings, settled = self._settings, self._watched.settle(ended_at)
        grown = [(one.facts, self._label(one, latest.get(one.key))) for one in settled]
        found = [(facts, label) for facts, label in grown if label is not None]
        if self._prior is None or not found:
            return
        watched, labels = [facts for facts, _ in found], np.array([label for _, label in found])
        features = np.array([value_features(facts, settings.minor_per_major) for facts in watched])
        expected = expected_value(self._prior, _matrix(watched), settings.minor_per_major)
        keeps = 0.5 ** (1 / settings.fade_half_days)
        self._correction = learnt(self._correction, features, expected, labels, keeps)
        self._labels += len(labels)

    def value(self, facts: Integers) -> Value | None:
        """Return how customers are priced from today on, ``facts`` being everyone's; None where nobody ever spent."""
        settings = self._settings
        self._prior = fitted(facts, settings.minor_per_major, self._prior) or self._prior
        if self._prior is None:
            return None
        hands_over = self._correction is not None and self._labels >= settings.hand_over_labels
        return Value(*self._prior, "poisson" if hands_over else "bg_nbd", self._labels, self._correction)

    def oldest_offset(self, otherwise: int) -> int:
        """Return the offset of the oldest sample whose customer is still watched."""
        return self._watched.oldest_offset(otherwise)

    def _label(self, one: Watched, row: Row | None) -> float | None:
        """Return what was spent since, as of 90 days, in major units; None where nobody knows."""
        settings = self._settings
        days = 0.0 if row is None else (row.at - one.at) / DAY_MICROSECONDS
        if row is None or not _SOONEST * settings.label_days <= days <= _LATEST * settings.label_days:
            return None
        grown_minor = max(row.monetary_minor - one.facts.monetary_minor, 0)
        return grown_minor / settings.minor_per_major * HORIZON_DAYS / days


def _matrix(facts: Sequence[CustomerFacts]) -> Integers:
    rows = [(one.recency_days, one.frequency, one.monetary_minor, one.tenure_days) for one in facts]
    return np.array(rows, dtype=np.int64)
