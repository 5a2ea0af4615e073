"""What a snapshot says of value in 90 days: a prior fitted by maximum likelihood, and what labels taught since."""

from typing import Final, Literal, TypeAlias

import msgspec

HORIZON_DAYS: Final = 90
MONTH_DAYS: Final = 28
QUARTER_DAYS: Final = 91
"""Whole weeks, so that every weekday counts equally often."""
VALUE_FEATURES: Final = 7
"""`schemas.features.value_features`: the five of the clusters, then spend in the last 28 and 91 days."""

PricedBy: TypeAlias = Literal["bg_nbd", "poisson"]


class BgNbd(msgspec.Struct, frozen=True):
    """Who orders how often, and who is gone: Fader, Hardie and Lee, "Counting Your Customers the Easy Way" (2005).

    Orders come at a rate ~ Gamma(r, alpha), and after each one a customer is gone with a chance ~ Beta(a, b).
    """

    r: float
    alpha: float
    """In days."""
    a: float
    b: float


class GammaGamma(msgspec.Struct, frozen=True):
    """What an order is worth: Fader and Hardie, "The Gamma-Gamma Model of Monetary Value" (2013).

    Amounts ~ Gamma(p, nu) with nu ~ Gamma(q, v); q > 1.
    """

    p: float
    q: float
    v: float
    """In major units."""


class Correction(msgspec.Struct, frozen=True):
    """A Poisson regression with log link, whose offset is the log of the prior's value."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    """The units of the features, 7 each; they stay those of the first labels."""
    weights: tuple[float, ...]
    """The constant, then one a feature: 8."""
    precision: tuple[float, ...]
    """The inverse covariance of the weights, its upper triangle row by row: 36. The trainer goes on from it."""
    bound: float
    """The linear predictor is taken within plus and minus this."""


class Value(msgspec.Struct, frozen=True):
    """How `clv_90d` comes about: orders x value of each x exp(correction)."""

    orders: BgNbd
    amounts: GammaGamma
    priced_by: PricedBy
    """``poisson`` from the hand-over on: before it the correction is learnt, but not used."""
    labels: int
    """How many have matured."""
    correction: Correction | None
    """None before the first labels."""
