"""Orders to expect of somebody who is not gone yet: equation 10 of Fader, Hardie and Lee (2005), quickly.

What varies from order to order is the tenure; the coefficients of the series go by the repeat orders alone, so they are
remembered, and summing a remembered series takes a third of the time.
"""

from collections.abc import Callable
from functools import lru_cache
from math import exp, expm1, log1p
from typing import Final

from schemas.value import HORIZON_DAYS, BgNbd

_OLD_HORIZONS: Final = 1.25
"""From an age of so many horizons on, a series that needs a third of the terms converges."""
_REMEMBERED: Final = 2048
"""Series of so many numbers of repeat orders; one holds 30 coefficients as a rule, hardly ever over 300."""


class Series:
    """The sum over n of t_n z^n, where t_n / t_(n - 1) = sign (p + n) (q + n) / ((c + n) (n + 1)), for 0 <= z < 1."""

    __slots__ = ("_c", "_coefficients", "_p", "_q", "_sign")

    def __init__(self, first: float, p: float, q: float, c: float, sign: float) -> None:
        """``first`` is t_0."""
        self._coefficients = [first]
        self._p, self._q, self._c, self._sign = p, q, c, sign

    def at(self, z: float) -> float:
        """Return the sum up to where another term no longer changes it."""
        total, power = 0.0, 1.0
        while True:
            for coefficient in self._coefficients:
                more = total + coefficient * power
                if more == total:
                    return total
                total = more
                power *= z
            total, power = 0.0, 1.0
            self._double()

    def _double(self) -> None:
        coefficients = self._coefficients
        last, begin = coefficients[-1], len(coefficients)
        for n in range(begin, 2 * begin):
            last *= self._sign * (self._p + n) * (self._q + n) / ((self._c + n) * (n + 1))
            coefficients.append(last)


def orders_while_active(orders: BgNbd) -> Callable[[int, int], float]:
    """Return the function of repeat orders and tenure in days that gives the orders to expect in the next 90 days.

    Equation 10 of the paper without its denominator: c / (a - 1) (1 - (1 - z)^(r + x) 2F1(r + x, b + x; c; z)). What is
    summed here is divided by a - 1 and multiplied by c term by term, so that neither a = 1 nor c = 0 is a pole.
    """
    r, alpha, a, b = orders.r, orders.alpha, orders.a, orders.b
    first = a + b - 1 - r
    horizon, old_from = HORIZON_DAYS, _OLD_HORIZONS * HORIZON_DAYS

    @lru_cache(_REMEMBERED)
    def of_the_old(repeats: int) -> Series:
        """By Pfaff's transformation, (1 - z)^(r + x) 2F1(r + x, b + x; c; z) = 2F1(r + x, a - 1; c; -part)."""
        k = r + repeats
        return Series(k, k, a - 1, a + b + repeats - 1, -1.0)

    @lru_cache(_REMEMBERED)
    def of_the_young(repeats: int) -> Series:
        """By Euler's transformation, 2F1(r + x, b + x; c; z) = (1 - z)^(a - 1 - r - x) 2F1(c - r - x, a - 1; c; z).

        Its terms are small, and become smaller for any z, only slowly where it is near 1.
        """
        return Series(first, first, a - 1, a + b + repeats - 1, 1.0)

    def while_active(repeats: int, tenure_days: int) -> float:
        days_known = alpha + tenure_days
        if days_known >= old_from:
            part = horizon / days_known
            return part * of_the_old(repeats).at(part)
        z = horizon / (days_known + horizon)
        power = (a - 1) * log1p(-z)
        gone = -expm1(power) / (a - 1) if a != 1 else -log1p(-z)
        return (a + b + repeats - 1) * gone - exp(power) * z * of_the_young(repeats).at(z)

    return while_active
