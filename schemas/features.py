"""The five features of a customer, from raw integers to log units."""

import hashlib
from math import log1p
from typing import Final, TypeAlias

import msgspec

Features: TypeAlias = tuple[float, float, float, float, float]
"""log1p of `FEATURE_NAMES`, in that order: days, orders, major units, major units, days."""

FEATURE_NAMES: Final = ("recency", "frequency", "monetary", "aov", "tenure")
RECENCY, FREQUENCY, MONETARY, AOV, TENURE = range(5)
KEY_LIMIT: Final = 1 << 63
"""Sampling keys are 0 <= key < this."""


class CustomerFacts(msgspec.Struct, frozen=True, gc=False):
    """One customer with at least one order that counts, as of an instant. Days are local, money in minor units."""

    recency_days: int
    frequency: int
    monetary_minor: int
    tenure_days: int
    month_minor: int = 0
    """Net spend of the last 28 days, today among them; only values are priced by it, no cluster or score."""
    quarter_minor: int = 0
    """Of the last 91."""

    @property
    def aov_minor(self) -> int:
        """The average order value, half-even to the minor unit."""
        return divided_half_even(self.monetary_minor, self.frequency)


def log_features(facts: CustomerFacts, minor_per_major: int) -> Features:
    """Return the features in log units; money is taken in major units, so that currencies with and without cents agree.

    What cannot be (below 0) counts as 0: a sample never stops the trainer.
    """
    return logs_with_aov(facts, facts.aov_minor, minor_per_major)


def logs_with_aov(facts: CustomerFacts, aov_minor: int, minor_per_major: int) -> Features:
    """Return `log_features` where the average order value is at hand."""
    recency_days, frequency, monetary_minor = facts.recency_days, facts.frequency, facts.monetary_minor
    tenure_days = facts.tenure_days
    return (
        log1p(recency_days) if recency_days > 0 else 0.0,
        log1p(frequency) if frequency > 0 else 0.0,
        log1p(monetary_minor / minor_per_major) if monetary_minor > 0 else 0.0,
        log1p(aov_minor / minor_per_major) if aov_minor > 0 else 0.0,
        log1p(tenure_days) if tenure_days > 0 else 0.0,
    )


def value_features(facts: CustomerFacts, minor_per_major: int) -> tuple[float, ...]:
    """Return the seven features of value: those of `log_features`, and log1p of spend in the last 28 and 91 days."""
    month, quarter = max(facts.month_minor, 0), max(facts.quarter_minor, 0)
    return (*log_features(facts, minor_per_major), log1p(month / minor_per_major), log1p(quarter / minor_per_major))


def sampling_key(customer_id: str) -> int:
    """Return 63 bits of the SHA-256 of the id: customers with the smallest keys are a fair sample, always the same."""
    return int.from_bytes(hashlib.sha256(customer_id.encode()).digest()[:8], "big") >> 1


def divided_half_even(dividend: int, divisor: int) -> int:
    """Return the quotient rounded half-even; 0 where nothing divides."""
    if divisor <= 0:
        return 0
    quotient, remainder = divmod(dividend, divisor)
    return quotient + (2 * remainder > divisor or (2 * remainder == divisor and quotient % 2 == 1))
