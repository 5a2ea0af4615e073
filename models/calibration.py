"""How good prices were: what each tenth of the customers by price spent then, and how much the first ones caught."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from models.errors import NothingToCompareError

Floats = npt.NDArray[np.float64]

TENTHS: Final = 10


class Tenth(NamedTuple):
    """A tenth of the customers by price, the highest first; money in the unit of the prices."""

    customers: int
    mean_price: float
    mean_spent: float
    gained: float
    """Part of all spend that falls on this tenth and those before it: the gains curve."""


class Calibration(NamedTuple):
    """Prices beside what was spent."""

    tenths: tuple[Tenth, ...]
    decile_error: float
    """Mean difference of mean price and mean spend over the tenths, divided by the mean spend."""
    level: float
    """Sum of the prices over the sum spent; 1 is right, above 1 too high."""

    @property
    def capture_10(self) -> float:
        """Part of all spend that falls on the tenth of the customers with the highest prices."""
        return self.tenths[0].gained

    @property
    def capture_20(self) -> float:
        """The same of the fifth."""
        return self.tenths[1].gained


def calibration(price: Floats, spent: Floats) -> Calibration:
    """Compare the prices of customers with what each went on to spend, in the same unit.

    Raises NothingToCompareError with fewer than ten customers, or where nothing was spent in all.
    """
    if len(price) < TENTHS or spent.sum() <= 0:
        raise NothingToCompareError(f"{len(price)} customers who then spent {spent.sum():.2f} in all")
    groups = np.array_split(np.argsort(-price, kind="stable"), TENTHS)
    tenths = tuple(
        Tenth(len(one), float(price[one].mean()), float(spent[one].mean()), captured(price, spent, number / TENTHS))
        for number, one in enumerate(groups, 1)
    )
    off = np.mean([abs(tenth.mean_price - tenth.mean_spent) for tenth in tenths])
    return Calibration(tenths, float(off / spent.mean()), float(price.sum() / spent.sum()))


def captured(price: Floats, spent: Floats, share: float) -> float:
    """Return which part of the spend falls on so many of the customers, those with the highest prices."""
    first = np.argsort(-price, kind="stable")[: round(share * len(price))]
    return float(spent[first].sum() / spent.sum())
