"""BG/NBD and Gamma-Gamma: fitted to a table of customers by maximum likelihood, and the value they expect of many.

`state.value` prices one customer by the same formulas; a test compares the two.
"""

from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import digamma, gammaln

from models.customer_table import Integers
from schemas.value import HORIZON_DAYS, BgNbd, GammaGamma

Floats: TypeAlias = npt.NDArray[np.float64]

_DIGITS: Final = 9
_FITTED_CUSTOMERS: Final = 5_000
"""The fit takes the customers with the smallest sampling keys: a fair part of them, always the same ones."""
_LEAST_SPENDERS: Final = 10
_TYPICAL_ORDERS: Final = BgNbd(1.0, 30.0, 1.0, 3.0)
_TYPICAL_AMOUNTS: Final = GammaGamma(2.0, 4.0, 20.0)
_WIDTH: Final = 3.0
"""The prior on the logs of the parameters is normal around the typical ones, with this deviation: a factor of 20."""
_ORDERS_BOUNDS: Final = ((0.01, 1e3), (1.0, 1e5), (0.01, 1e3), (0.01, 1e3))
_AMOUNTS_BOUNDS: Final = ((0.01, 1e4), (1.05, 1e4), (1e-3, 1e9))
"""An alpha below a day would make the series of a price long; q above 1 makes the mean amount finite."""
_NEGLIGIBLE: Final = 1e-16

_LogLikelihood: TypeAlias = Callable[[Floats], tuple[Floats, Floats]]
"""Each customer's log-likelihood at the parameters, shape (customers,), and its gradient, (parameters, customers)."""


class Prior(NamedTuple):
    """Both models."""

    orders: BgNbd
    amounts: GammaGamma


def fitted(facts: Integers, minor_per_major: int, before: Prior | None) -> Prior | None:
    """Return the fit to customers' facts, shape (customers, 4) in the order of their keys, searched from ``before`` on.

    None where hardly anybody spent anything.
    """
    facts = facts[:_FITTED_CUSTOMERS]
    spenders = facts[facts[:, 2] > 0]
    if len(spenders) < _LEAST_SPENDERS:
        return None
    orders, amounts = before or (_TYPICAL_ORDERS, _TYPICAL_AMOUNTS)
    return Prior(
        BgNbd(*_maximum(_orders_likelihood(facts), _values(_TYPICAL_ORDERS), _values(orders), _ORDERS_BOUNDS)),
        GammaGamma(
            *_maximum(
                _amounts_likelihood(spenders, minor_per_major),
                _values(_TYPICAL_AMOUNTS),
                _values(amounts),
                _AMOUNTS_BOUNDS,
            )
        ),
    )


def expected_value(prior: Prior, facts: Integers, minor_per_major: int) -> Floats:
    """Return each customer's net spend to expect in the next 90 days, in major units."""
    (r, alpha, a, b), (p, q, v) = _values(prior.orders), _values(prior.amounts)
    x, last_at, tenure = _counts(facts)
    spend, frequency = np.maximum(facts[:, 2], 0) / minor_per_major, x + 1
    exponent = np.minimum((r + x) * np.log((alpha + tenure) / (alpha + last_at)), 700.0)
    odds = np.where(x > 0, a / (b + np.maximum(x, 1) - 1) * np.exp(exponent), 0.0)
    orders = _while_active(prior.orders, x, tenure) / (1 + odds)
    return np.asarray(orders * p * (v + spend) / (p * frequency + q - 1), dtype=np.float64)


def _while_active(orders: BgNbd, x: Floats, tenure: Floats) -> Floats:
    """Return equation 10 of Fader, Hardie and Lee without its denominator; see `state.value.orders_while_active`."""
    z = HORIZON_DAYS / (orders.alpha + tenure + HORIZON_DAYS)
    c, first = orders.a + orders.b + x - 1, orders.a + orders.b - 1 - orders.r
    power = (orders.a - 1) * np.log1p(-z)
    gone = -np.expm1(power) / (orders.a - 1) if orders.a != 1 else -np.log1p(-z)
    term = first * z
    total, n = term.copy(), 1
    while (np.abs(term) > _NEGLIGIBLE * np.abs(total)).any():
        term = term * ((first + n) * (orders.a + n - 1) / ((c + n) * (n + 1)) * z)
        total += term
        n += 1
    return np.asarray(c * gone - np.exp(power) * total, dtype=np.float64)


def _counts(facts: Integers) -> tuple[Floats, Floats, Floats]:
    """Return repeat orders x, their time t_x and the age T, as the papers call them."""
    tenure = np.maximum(facts[:, 3], 0)
    last_at = tenure - np.minimum(np.maximum(facts[:, 0], 0), tenure)
    return np.maximum(facts[:, 1] - 1, 0).astype(np.float64), last_at.astype(np.float64), tenure.astype(np.float64)


def _orders_likelihood(facts: Integers) -> _LogLikelihood:
    """Fader, Hardie and Lee (2005), equation 6; the orders of one customer, who may be gone since the last of them."""
    x, last_at, tenure = _counts(facts)

    def likelihood(parameters: Floats) -> tuple[Floats, Floats]:
        r, alpha, a, b = parameters
        stayed = -(r + x) * np.log(alpha + tenure)
        left = np.log(a / (b + np.maximum(x, 1) - 1)) - (r + x) * np.log(alpha + last_at)
        either = np.where(x > 0, np.logaddexp(stayed, left), stayed)
        gone = np.where(x > 0, np.exp(np.minimum(left - either, 0.0)), 0.0)
        value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + either
        value += gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
        both = digamma(a + b) - digamma(a + b + x)
        gradient = (
            digamma(r + x) - digamma(r) + np.log(alpha) - (1 - gone) * np.log(alpha + tenure)
            - gone * np.log(alpha + last_at),
            r / alpha - (r + x) * ((1 - gone) / (alpha + tenure) + gone / (alpha + last_at)),
            both + gone / a,
            both + digamma(b + x) - digamma(b) - gone / (b + np.maximum(x, 1) - 1),
        )  # fmt: skip
        return value, np.array(gradient)

    return likelihood


def _amounts_likelihood(facts: Integers, minor_per_major: int) -> _LogLikelihood:
    """Fader and Hardie (2013), equation 1a: the mean amount of one customer's orders."""
    n = np.maximum(facts[:, 1], 1).astype(np.float64)
    spend = facts[:, 2] / minor_per_major
    log_spend = np.log(spend)

    def likelihood(parameters: Floats) -> tuple[Floats, Floats]:
        p, q, v = parameters
        log_total = np.log(v + spend)
        value = gammaln(p * n + q) - gammaln(p * n) - gammaln(q) + q * np.log(v)
        value += p * n * log_spend - log_spend - (p * n + q) * log_total + np.log(n)
        gradient = (
            n * (digamma(p * n + q) - digamma(p * n) + log_spend - log_total),
            digamma(p * n + q) - digamma(q) + np.log(v) - log_total,
            q / v - (p * n + q) / (v + spend),
        )
        return value, np.array(gradient)

    return likelihood


def _maximum(
    likelihood: _LogLikelihood, typical: Floats, start: Floats, bounds: tuple[tuple[float, float], ...]
) -> tuple[float, ...]:
    """Return the parameters of the greatest posterior, searched over their logs.

    Truncated Newton: L-BFGS-B wakes the threads of BLAS for its matrices of four rows, and takes ten times as long.
    """
    centre, limits = np.log(typical), np.log(np.array(bounds))

    def loss(logs: Floats) -> tuple[float, Floats]:
        value, gradient = likelihood(np.exp(logs))
        off, count = (logs - centre) / _WIDTH, len(value)
        slope = gradient.sum(axis=1) * np.exp(logs) - off / _WIDTH
        return -(value.sum() - (off @ off) / 2) / count, -slope / count

    found = minimize(loss, np.clip(np.log(start), *limits.T), jac=True, method="TNC", bounds=limits)
    return tuple(round(float(value), _DIGITS) for value in np.exp(found.x))


def _values(parameters: BgNbd | GammaGamma) -> Floats:
    return np.array([getattr(parameters, name) for name in parameters.__struct_fields__])
