"""What a snapshot expects of one customer's next 90 days, by the formulas of the papers as they stand there."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

HORIZON = 90
MINOR_MOST = 10**15


class Spent(NamedTuple):
    """What is read of a customer with orders that count; money in minor units."""

    recency: int
    frequency: int
    monetary: int
    aov: int
    tenure: int
    last_28: int
    last_91: int


def value_in_90_days(value: Mapping[str, object], minor_per_major: float, spent: Spent) -> int:
    """Return the expected net spend in minor units, half-even."""
    orders = _floats(value, "orders", "r", "alpha", "a", "b")
    p, q, v = _floats(value, "amounts", "p", "q", "v")
    # Fader and Hardie (2013), equation 5: the mean amount is a weighted mean of the population's and the customer's.
    n = spent.frequency
    weight = (q - 1) / (p * n + q - 1)
    amount = weight * (p * v / (q - 1)) + (1 - weight) * (spent.monetary / minor_per_major / n)
    expected = _orders(orders, spent) * amount
    if value["priced_by"] == "poisson":
        expected *= _correction(value["correction"], minor_per_major, spent)
    # round() of a float is half-even.
    return min(round(expected * minor_per_major), MINOR_MOST)


def _orders(parameters: Sequence[float], spent: Spent) -> float:
    """Fader, Hardie and Lee (2005), equation 10."""
    r, alpha, a, b = parameters
    x, until_last, age = spent.frequency - 1, spent.tenure - spent.recency, spent.tenure
    z = HORIZON / (alpha + age + HORIZON)
    none_left = math.pow(1 - z, r + x) * _hypergeometric(r + x, b + x, a + b + x - 1, z)
    expected = (a + b + x - 1) / (a - 1) * (1 - none_left)
    if x == 0:
        return expected
    return expected / (1 + a / (b + x - 1) * math.pow((alpha + age) / (alpha + until_last), r + x))


def _hypergeometric(a: float, b: float, c: float, z: float) -> float:
    """Gauss' series."""
    terms, n = [1.0], 0
    while abs(terms[-1]) > 1e-18 * abs(terms[0]) or n < 50:
        terms.append(terms[-1] * (a + n) * (b + n) / ((c + n) * (n + 1)) * z)
        n += 1
    return math.fsum(terms)


def _correction(told: object, minor_per_major: float, spent: Spent) -> float:
    """The Poisson regression over its offset: exp of the weights times the features in the regression's units."""
    assert isinstance(told, Mapping)
    raw = (
        spent.recency,
        spent.frequency,
        spent.monetary / minor_per_major,
        spent.aov / minor_per_major,
        spent.tenure,
        spent.last_28 / minor_per_major,
        spent.last_91 / minor_per_major,
    )
    mean, deviation, weights = (list(_listed(told, name)) for name in ("mean", "deviation", "weights"))
    scaled = [(math.log1p(one) - m) / d for one, m, d in zip(raw, mean, deviation, strict=True)]
    linear = math.fsum(weight * feature for weight, feature in zip(weights, [1.0, *scaled], strict=True))
    bound = told["bound"]
    assert isinstance(bound, int | float)
    return math.exp(max(-bound, min(bound, linear)))


def _floats(tree: Mapping[str, object], part: str, *names: str) -> list[float]:
    found = tree[part]
    assert isinstance(found, Mapping)
    return [float(found[name]) for name in names]


def _listed(tree: Mapping[str, object], name: str) -> list[float]:
    found = tree[name]
    assert isinstance(found, list | tuple)
    return [float(one) for one in found]
