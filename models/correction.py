"""What matured labels teach on top of the prior: a Poisson regression with log link, one Newton step a day.

The posterior of the weights is kept as a normal one (an online Laplace approximation): each day's labels are a
maximum of the posterior in a few Newton steps, whose curvature is the precision of the next day. A Poisson
likelihood gives the right mean for amounts of money too (quasi-likelihood: Wedderburn 1974).
"""

from typing import Final

import numpy as np

from models.prior import Floats
from schemas.value import VALUE_FEATURES, Correction

BOUND: Final = 3.0
"""A label or a customer far from all others moves a price by a factor of 20 at most."""
_DIGITS: Final = 9
_SIGNIFICANT: Final = 12
_NEWTON_STEPS: Final = 6
_LONGEST_STEP: Final = 1.0
_PRIOR_LABELS: Final = 20.0
"""The weights start at 0, as if so many average labels had said so."""
_LARGEST_LABEL: Final = 200.0
"""In average prices of that day: an absurd order is no reason to expect another one."""
_LEAST_DEVIATION: Final = 1e-6
_SIZE: Final = VALUE_FEATURES + 1
_UPPER: Final = np.triu_indices(_SIZE)


def learnt(
    before: Correction | None, features: Floats, prior_value: Floats, labels: Floats, keeps: float
) -> Correction:
    """Return the correction after one day's labels.

    ``features`` has shape (labels, 7); ``prior_value`` and ``labels`` are in major units over 90 days. What was
    known before counts ``keeps`` (0-1) times as much as yesterday.
    """
    start = _beginning(features, labels) if before is None else before
    scaled = (features - np.array(start.mean)) / np.array(start.deviation)
    design = np.column_stack([np.ones(len(scaled)), scaled])
    offset = np.log(np.maximum(prior_value, 1e-6))
    labels = np.minimum(labels, _LARGEST_LABEL * prior_value.mean())
    known, precision = np.array(start.weights), _square(start.precision) * keeps
    weights = known
    for _ in range(_NEWTON_STEPS):
        expected = np.exp(np.clip(design @ weights, -BOUND, BOUND) + offset)
        slope = design.T @ (labels - expected) - precision @ (weights - known)
        step = np.linalg.solve(precision + (design * expected[:, None]).T @ design, slope)
        weights = weights + step * min(1.0, _LONGEST_STEP / max(float(np.abs(step).max()), 1e-12))
    expected = np.exp(np.clip(design @ weights, -BOUND, BOUND) + offset)
    precision = precision + (design * expected[:, None]).T @ design
    return Correction(
        start.mean,
        start.deviation,
        tuple(round(float(weight), _DIGITS) for weight in weights),
        tuple(float(f"{value:.{_SIGNIFICANT}g}") for value in precision[_UPPER]),
        BOUND,
    )


def _beginning(features: Floats, labels: Floats) -> Correction:
    """Return weights of 0, in the units of the first labels' features."""
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    deviation[deviation < _LEAST_DEVIATION] = 1.0
    weight = _PRIOR_LABELS * max(float(labels.mean()), 1.0)
    return Correction(
        tuple(round(float(value), _DIGITS) for value in mean),
        tuple(round(float(value), _DIGITS) for value in deviation),
        (0.0,) * _SIZE,
        tuple(float(value) for value in (np.eye(_SIZE) * weight)[_UPPER]),
        BOUND,
    )


def _square(upper: tuple[float, ...]) -> Floats:
    square = np.zeros((_SIZE, _SIZE))
    square[_UPPER] = upper
    return square + np.triu(square, 1).T
