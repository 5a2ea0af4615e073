"""The latest sample of each customer by id, in arrays: what look-alikes and portraits are made of."""

from collections.abc import Collection
from typing import Final, NamedTuple

import numpy as np

from models.customer_table import RECENCY_DAYS, TENURE_DAYS, Integers
from models.settings import LearningSettings
from schemas.features import KEY_LIMIT, sampling_key
from schemas.instants import DAY_MICROSECONDS, Instant
from schemas.samples import SampleSlice

FORGET_AFTER_DAYS: Final = LearningSettings().forget_after_days
"""Customers whom the daily sweep did not find for so long are gone, as they are for the trainer."""
NEVER: Final[Instant] = -(2**62)
"""Before every sample."""


class Sampled(NamedTuple):
    """Customers as of one instant."""

    ids: list[str]
    facts: Integers
    """Shape (customers, 4): recency, frequency, monetary, tenure; days and minor units."""
    sampled_at: Integers
    """When each was sampled (microseconds)."""


class SampleTable:
    """A fold of the samples topic; some 270 bytes a customer, most of it for the id."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._facts: Integers = np.zeros((1024, 4), np.int64)
        self._at: Integers = np.full(1024, NEVER, np.int64)
        self.newest_at: Instant = 0
        """The latest clock of a slice."""

    def __len__(self) -> int:
        return len(self._places)

    def take(self, samples: SampleSlice) -> None:
        """Take the next slice; what is older than what is known of a customer changes nothing."""
        self.newest_at = max(self.newest_at, samples.at)
        rows = {row.customer_id: row for row in samples.rows if row.frequency > 0}
        if not rows:
            return
        places = np.array([self._places.setdefault(one, len(self._places)) for one in rows])
        self._make_room()
        found = np.array(
            [(row.recency_days, row.frequency, row.monetary_minor, row.tenure_days) for row in rows.values()], np.int64
        )
        is_newer = self._at[places] <= samples.at
        self._facts[places[is_newer]] = found[is_newer]
        self._at[places[is_newer]] = samples.at

    def keep(self, since: Instant, below: int = KEY_LIMIT, without: Collection[str] = ()) -> None:
        """Forget who was not sampled since then, whose `sampling_key` is not below, and those named."""
        stale = self._at[: len(self)] < since
        kept = [
            one
            for one, place in self._places.items()
            if not stale[place] and one not in without and (below >= KEY_LIMIT or sampling_key(one) < below)
        ]
        if len(kept) == len(self):
            return
        places = np.array([self._places[one] for one in kept], np.int64)
        self._facts, self._at = self._facts[places], self._at[places]
        self._places = {one: place for place, one in enumerate(kept)}

    def as_of(self, at: Instant) -> Sampled:
        """Return everybody as of ``at`` had they not ordered since their sample: recency and tenure go on by days."""
        count = len(self)
        facts, sampled_at = self._facts[:count].copy(), self._at[:count].copy()
        days = np.maximum((at - sampled_at) // DAY_MICROSECONDS, 0)
        facts[:, RECENCY_DAYS] += days
        facts[:, TENURE_DAYS] += days
        return Sampled(list(self._places), facts, sampled_at)

    def _make_room(self) -> None:
        room = len(self._at)
        if len(self) > room:
            more = max(room, len(self) - room, 1024)
            self._facts = np.concatenate([self._facts, np.zeros((more, 4), np.int64)])
            self._at = np.concatenate([self._at, np.full(more, NEVER, np.int64)])
