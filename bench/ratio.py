"""How many times as fast, with its spread."""

from collections.abc import Sequence
from statistics import median

import msgspec


class Ratio(msgspec.Struct, frozen=True):
    """How many times as fast, round by round."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.least:.2f} to {self.most:.2f})"


def ratio(seconds_of_one: Sequence[float], seconds_of_other: Sequence[float]) -> Ratio:
    """Return the other's speed over the one's, round by round."""
    ratios = [one / other for one, other in zip(seconds_of_one, seconds_of_other, strict=True)]
    return ratio_of(ratios)


def ratio_of(ratios: Sequence[float]) -> Ratio:
    """Return median, least and most."""
    return Ratio(round(median(ratios), 3), round(min(ratios), 3), round(max(ratios), 3))


def verdict(found: float, wanted: float) -> str:
    """Say whether at least so much was reached."""
    return f"wanted at least {wanted:g}: {'reached' if found >= wanted else 'missed'}"


def verdict_at_most(found: float, wanted: float) -> str:
    """Say whether it is no more than that."""
    return f"wanted at most {wanted:g}: {'reached' if found <= wanted else 'missed'}"
