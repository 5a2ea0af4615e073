"""Value in 90 days of one customer, in plain Python: what the prior expects, times what labels taught.

`models.prior` computes the same of many at once, to learn; a test compares the two.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from math import exp, expm1, log, log1p
from typing import Final, NamedTuple

from schemas.features import CustomerFacts
from schemas.money import MINOR_MAX
from schemas.snapshot import Snapshot
from schemas.value import HORIZON_DAYS, BgNbd, Correction, GammaGamma

_LARGEST_EXPONENT: Final = 700.0
_NEGLIGIBLE: Final = 1e-16
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


def value_minor(pricing: Pricing, facts: CustomerFacts, aov_minor: int) -> int:
    """Return the net spend to expect in the next 90 days, half-even in minor units."""
    unit = pricing.minor_per_major
    major = _orders(pricing, facts) * _amount(pricing.amounts, facts.frequency, max(facts.monetary_minor, 0) / unit)
    if pricing.weights:
        linear = _linear(pricing, facts, aov_minor)
        major *= exp(min(max(linear, -pricing.bound), pricing.bound))
    return min(round(major * unit), MINOR_MAX)


def orders_while_active(orders: BgNbd, repeats: int, tenure_days: int) -> float:
    """Return the orders to expect in the next 90 days of somebody who is not gone yet.

    Equation 10 of the paper without its denominator. Its Gaussian hypergeometric function 2F1(r + x, b + x; c; z) is
    (1 - z)^(a - 1 - r - x) 2F1(c - r - x, a - 1; c; z) by Euler's transformation, whose series has small terms; what
    remains is divided by a - 1 and multiplied by c term by term, so that neither a = 1 nor c = 0 is a pole.
    """
    r, alpha, a, b = orders.r, orders.alpha, orders.a, orders.b
    z = HORIZON_DAYS / (alpha + tenure_days + HORIZON_DAYS)
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


def _linear(pricing: Pricing, facts: CustomerFacts, aov_minor: int) -> float:
    """Return the constant and the weighted sum of `schemas.features.value_features`, written out: half the time."""
    unit, (recency, frequency, monetary, aov, tenure, month, quarter) = pricing.minor_per_major, pricing.weights
    return (
        pricing.constant
        + recency * log1p(max(facts.recency_days, 0))
        + frequency * log1p(max(facts.frequency, 0))
        + monetary * log1p(max(facts.monetary_minor, 0) / unit)
        + aov * log1p(max(aov_minor, 0) / unit)
        + tenure * log1p(max(facts.tenure_days, 0))
        + month * log1p(max(facts.month_minor, 0) / unit)
        + quarter * log1p(max(facts.quarter_minor, 0) / unit)
    )


def _unscaled(correction: Correction) -> tuple[float, tuple[float, ...], float]:
    """Return the constant and the weights of features as they are, and the bound."""
    constant, *scaled = correction.weights
    weights = tuple(weight / unit for weight, unit in zip(scaled, correction.deviation, strict=True))
    shift = sum(weight * mean for weight, mean in zip(weights, correction.mean, strict=True))
    return constant - shift, weights, correction.bound
