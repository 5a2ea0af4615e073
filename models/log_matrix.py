"""The features of many customers at once, equal to `log_features` of each."""

from typing import Final

import numpy as np
import numpy.typing as npt

from models.quantiles import aov_minor
from schemas.features import Features

_DIGITS: Final = 9


def log_matrix(facts: npt.NDArray[np.int64], minor_per_major: int) -> npt.NDArray[np.float64]:
    """Return shape (customers, 5), log units, of facts (customers, 4): recency, frequency, monetary, tenure."""
    raw = np.column_stack([facts[:, :3], aov_minor(facts), facts[:, 3]]).astype(np.float64)
    raw[:, 2:4] /= minor_per_major
    return np.asarray(np.log1p(np.maximum(raw, 0)), dtype=np.float64)


def as_features(values: npt.NDArray[np.float64]) -> Features:
    """Return five numbers, rounded to nine digits."""
    recency, frequency, monetary, aov, tenure = (round(float(value), _DIGITS) for value in values)
    return (recency, frequency, monetary, aov, tenure)
