"""Value in 90 days of one customer, in plain Python: what the prior expects, times what labels taught.

`models.prior` computes the same of many at once, to learn; a test compares the two.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from math import exp, expm1, log, log1p
from typing import Final, NamedTuple

from schemas.features import CustomerFacts, Features
from schemas.money import MINOR_MAX
from schemas.snapshot import Snapshot
from schemas.value import HORIZON_DAYS, BgNbd, Correction, GammaGamma

_LARGEST_EXPONENT: Final = 700.0
_NEGLIGIBLE: Final = 1e-16
_OLD_HORIZONS: Final = 1.25
"""From an age of so many horizons on, a series that needs a third of the terms converges."""
_KNOWN_PAIRS: Final = 16_384


class Pricing(NamedTuple):
    """What a snapshot says of value, ready for pricing."""

    orders: BgNbd
    amounts: GammaGamma
    while_active: Callable[[int, int], float]
    """`orders_while_active` by repeat orders and tenure; remembers, since young customers are much alike."""
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
    while_active = lru_cache(maxsize=_KNOWN_PAIRS)(partial(orders_while_active, value.orders))
    corrects = value.priced_by == "poisson" and value.correction is not None
    constant, weights, bound = _unscaled(value.correction) if corrects and value.correction else (0.0, (), 0.0)
    return Pricing(value.orders, value.amounts, while_active, constant, weights, bound, snapshot.minor_per_major)


def value_minor(pricing: Pricing, facts: CustomerFacts, logs: Features) -> int:
    """Return the net spend to expect in the next 90 days, half-even in minor units; ``logs``: their `log_features`."""
    unit = pricing.minor_per_major
    major = _orders(pricing, facts) * _amount(pricing.amounts, facts.frequency, max(facts.monetary_minor, 0) / unit)
    if pricing.weights:
        linear = _linear(pricing, facts, logs)
        major *= exp(min(max(linear, -pricing.bound), pricing.bound))
    return min(round(major * unit), MINOR_MAX)


def orders_while_active(orders: BgNbd, repeats: int, tenure_days: int) -> float:
    """Return the orders to expect in the next 90 days of somebody who is not gone yet.

    Equation 10 of the paper without its denominator: c / (a - 1) (1 - (1 - z)^(r + x) 2F1(r + x, b + x; c; z)). What is
    summed here is divided by a - 1 and multiplied by c term by term, so that neither a = 1 nor c = 0 is a pole.
    """
    days_known = orders.alpha + tenure_days
    if days_known >= _OLD_HORIZONS * HORIZON_DAYS:
        return _of_the_old(orders, repeats, HORIZON_DAYS / days_known)
    return _of_the_young(orders, repeats, HORIZON_DAYS / (days_known + HORIZON_DAYS))


def _of_the_old(orders: BgNbd, repeats: int, part: float) -> float:
    """By Pfaff's transformation, (1 - z)^(r + x) 2F1(r + x, b + x; c; z) = 2F1(r + x, a - 1; c; -part)."""
    k, a, c = orders.r + repeats, orders.a, orders.a + orders.b + repeats - 1
    total = term = k * part
    n = 1
    while abs(term) > _NEGLIGIBLE * abs(total):
        term *= -part * (k + n) * (a - 1 + n) / ((c + n) * (n + 1))
        total += term
        n += 1
    return total


def _of_the_young(orders: BgNbd, repeats: int, z: float) -> float:
    """By Euler's transformation, 2F1(r + x, b + x; c; z) = (1 - z)^(a - 1 - r - x) 2F1(c - r - x, a - 1; c; z).

    Its terms are small, and become smaller for any z, only slowly where it is near 1.
    """
    r, a, b = orders.r, orders.a, orders.b
    c, first = a + b + repeats - 1, a + b - 1 - r
    power = (a - 1) * log1p(-z)
    gone = -expm1(power) / (a - 1) if a != 1 else -log1p(-z)
    total = term = first * z
    n = 1
    while abs(term) > _NEGLIGIBLE * abs(total):
        term *= z * (first + n) * (a - 1 + n) / ((c + n) * (n + 1))
        total += term
        n += 1
    return c * gone - exp(power) * total


def _orders(pricing: Pricing, facts: CustomerFacts) -> float:
    """Return the orders to expect: equation 10. Repeat orders are x, their time t_x, tenure is T."""
    orders, repeats, tenure = pricing.orders, max(facts.frequency - 1, 0), max(facts.tenure_days, 0)
    expected = pricing.while_active(repeats, tenure)
    if repeats == 0:
        return expected
    last_at = tenure - min(max(facts.recency_days, 0), tenure)
    exponent = (orders.r + repeats) * log((orders.alpha + tenure) / (orders.alpha + last_at))
    return expected / (1 + orders.a / (orders.b + repeats - 1) * exp(min(exponent, _LARGEST_EXPONENT)))


def _amount(amounts: GammaGamma, frequency: int, spend: float) -> float:
    """Return the value to expect of an order, in major units: equation 5 of the note, over all orders so far."""
    return amounts.p * (amounts.v + spend) / (amounts.p * max(frequency, 1) + amounts.q - 1)


def _linear(pricing: Pricing, facts: CustomerFacts, logs: Features) -> float:
    """Return the constant and the weighted sum of `schemas.features.value_features`, written out: half the time."""
    unit, (recency, frequency, monetary, aov, tenure, month, quarter) = pricing.minor_per_major, pricing.weights
    log_recency, log_frequency, log_monetary, log_aov, log_tenure = logs
    return (
        pricing.constant
        + recency * log_recency
        + frequency * log_frequency
        + monetary * log_monetary
        + aov * log_aov
        + tenure * log_tenure
        + month * log1p(max(facts.month_minor, 0) / unit)
        + quarter * log1p(max(facts.quarter_minor, 0) / unit)
    )


def _unscaled(correction: Correction) -> tuple[float, tuple[float, ...], float]:
    """Return the constant and the weights of features as they are, and the bound."""
    constant, *scaled = correction.weights
    weights = tuple(weight / unit for weight, unit in zip(scaled, correction.deviation, strict=True))
    shift = sum(weight * mean for weight, mean in zip(weights, correction.mean, strict=True))
    return constant - shift, weights, correction.bound
