"""The latest sample of each customer, or of a fair part of them where there are many."""

from operator import itemgetter
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from schemas.features import KEY_LIMIT, CustomerFacts
from schemas.instants import Instant

Row: TypeAlias = tuple[Instant, int, int, int, int]
"""As of when; recency_days, frequency, monetary_minor, tenure_days."""
Integers: TypeAlias = npt.NDArray[np.int64]

_SLACK = 1.25  # Pruned when a quarter too many are there, so that pruning is rare.


class CustomerTable:
    """Customers by sampling key. Above ``capacity`` those with the smallest keys stay: a uniform sample of customers.

    The standard error of a quantile's rank is at most ``0.5 / sqrt(capacity)``: 0.16 % at 100,000.
    """

    def __init__(self, capacity: int, rows: dict[int, Row] | None = None, below: int = KEY_LIMIT) -> None:
        self.rows = {} if rows is None else rows
        self.below = below
        """Samples with a key from here on are not kept; workers need not send them."""
        self._capacity = capacity

    def __len__(self) -> int:
        return len(self.rows)

    def put(self, key: int, at: Instant, facts: CustomerFacts) -> bool:
        """Keep the sample unless it is older than what is here; return whether it was kept."""
        if key >= self.below:
            return False
        known = self.rows.get(key)
        if known is not None and known[0] > at:
            return False
        self.rows[key] = (at, facts.recency_days, facts.frequency, facts.monetary_minor, facts.tenure_days)
        if len(self.rows) > self._capacity * _SLACK:
            self._prune()
        return True

    def forget(self, key: int) -> None:
        """Drop one customer (erased)."""
        self.rows.pop(key, None)

    def forget_before(self, at: Instant) -> None:
        """Drop customers whose last sample is older: the sweep does not find them any more."""
        if any(row[0] < at for row in self.rows.values()):
            self.rows = {key: row for key, row in self.rows.items() if row[0] >= at}

    def facts_by_key(self) -> tuple[list[int], Integers]:
        """Return the keys, ascending, and their facts, shape (customers, 4)."""
        ordered = sorted(self.rows.items(), key=itemgetter(0))
        facts = np.array([row[1:] for _, row in ordered], dtype=np.int64).reshape(len(ordered), 4)
        return [key for key, _ in ordered], facts

    def _prune(self) -> None:
        kept = sorted(self.rows)[: self._capacity + 1]
        self.below = kept.pop()
        self.rows = {key: self.rows[key] for key in kept}
