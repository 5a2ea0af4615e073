"""Value in 90 days of one customer, in plain Python: what the prior expects, times what labels taught.

`models.prior` computes the same of many at once, to learn; a test compares the two.
"""

from collections.abc import Callable
from math import exp, log, log1p
from typing import Final, NamedTuple

from schemas.features import CustomerFacts, Features
from schemas.money import MINOR_MAX
from schemas.snapshot import Snapshot
from schemas.value import BgNbd, Correction, GammaGamma
from state.active_orders import orders_while_active

_LARGEST_EXPONENT: Final = 700.0


class Pricing(NamedTuple):
    """What a snapshot says of value, ready for pricing."""

    orders: BgNbd
    amounts: GammaGamma
    while_active: Callable[[int, int], float]
    """`orders_while_active` by repeat orders and tenure."""
    constant: float
    weights: tuple[float, ...]
    """Of the features as they are; empty where the correction is not used yet."""
    bound: float
    minor_per_major: int


def pricing_of(snapshot: Snapshot) -> Pricing | None:
    """Return how the snapshot prices; None where it does not."""
    value = snapshot.value
    if value is None:
        return None
    corrects = value.priced_by == "poisson" and value.correction is not None
    constant, weights, bound = _unscaled(value.correction) if corrects and value.correction else (0.0, (), 0.0)
    while_active = orders_while_active(value.orders)
    return Pricing(value.orders, value.amounts, while_active, constant, weights, bound, snapshot.minor_per_major)


def value_minor(pricing: Pricing, facts: CustomerFacts, logs: Features) -> int:
    """Return the net spend to expect in the next 90 days, half-even in minor units; ``logs``: their `log_features`."""
    unit = pricing.minor_per_major
    spend = facts.monetary_minor / unit if facts.monetary_minor > 0 else 0.0
    major = _orders(pricing, facts) * _amount(pricing.amounts, facts.frequency, spend)
    if pricing.weights:
        linear = _linear(pricing, facts, logs)
        major *= exp(min(max(linear, -pricing.bound), pricing.bound))
    return min(round(major * unit), MINOR_MAX)


def _orders(pricing: Pricing, facts: CustomerFacts) -> float:
    """Return the orders to expect: equation 10. Repeat orders are x, their time t_x, tenure is T."""
    orders, repeats, tenure = pricing.orders, facts.frequency - 1, facts.tenure_days
    if tenure < 0:
        tenure = 0
    if repeats <= 0:
        return pricing.while_active(0, tenure)
    last_at = tenure - min(max(facts.recency_days, 0), tenure)
    exponent = (orders.r + repeats) * log((orders.alpha + tenure) / (orders.alpha + last_at))
    gone = orders.a / (orders.b + repeats - 1) * exp(min(exponent, _LARGEST_EXPONENT))
    return pricing.while_active(repeats, tenure) / (1 + gone)


def _amount(amounts: GammaGamma, frequency: int, spend: float) -> float:
    """Return the value to expect of an order, in major units: equation 5 of the note, over all orders so far."""
    p = amounts.p
    return p * (amounts.v + spend) / (p * (frequency if frequency > 1 else 1) + amounts.q - 1)


def _linear(pricing: Pricing, facts: CustomerFacts, logs: Features) -> float:
    """Return the constant and the weighted sum of `schemas.features.value_features`, written out: half the time."""
    unit, (recency, frequency, monetary, aov, tenure, month, quarter) = pricing.minor_per_major, pricing.weights
    log_recency, log_frequency, log_monetary, log_aov, log_tenure = logs
    month_minor, quarter_minor = facts.month_minor, facts.quarter_minor
    return (
        pricing.constant
        + recency * log_recency
        + frequency * log_frequency
        + monetary * log_monetary
        + aov * log_aov
        + tenure * log_tenure
        + (month * log1p(month_minor / unit) if month_minor > 0 else 0.0)
        + (quarter * log1p(quarter_minor / unit) if quarter_minor > 0 else 0.0)
    )


def _unscaled(correction: Correction) -> tuple[float, tuple[float, ...], float]:
    """Return the constant and the weights of features as they are, and the bound."""
    constant, *scaled = correction.weights
    weights = tuple(weight / unit for weight, unit in zip(scaled, correction.deviation, strict=True))
    shift = sum(weight * mean for weight, mean in zip(weights, correction.mean, strict=True))
    return constant - shift, weights, correction.bound
