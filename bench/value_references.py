"""What somebody would fit in batch at the same cut, to the same customers and by the same facts."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor  # type: ignore[import-untyped]
from sklearn.linear_model import TweedieRegressor  # type: ignore[import-untyped]
from sklearn.pipeline import make_pipeline  # type: ignore[import-untyped]
from sklearn.preprocessing import StandardScaler  # type: ignore[import-untyped]

from bench.value_history import Cut, Floats
from models.prior import expected_value, fitted
from schemas.features import CustomerFacts, value_features


def bg_nbd(cut: Cut) -> Floats:
    """BG/NBD and Gamma-Gamma, fitted to everybody's orders until the cut."""
    unit = cut.snapshot.minor_per_major
    facts = np.array([(one.recency_days, one.frequency, one.monetary_minor, one.tenure_days) for one in cut.facts])
    prior = fitted(facts, unit, None)
    assert prior is not None, "somebody spent something"
    return expected_value(prior, facts, unit)


def tweedie(cut: Cut) -> Floats:
    """A Tweedie regression (power 1.5, log link) of the last 90 days' spend on the facts before them."""
    model = make_pipeline(StandardScaler(), TweedieRegressor(power=1.5, alpha=0.01, link="log", max_iter=2_000))
    return _predicted(model, cut)


def boosting(cut: Cut) -> Floats:
    """Gradient boosting with Poisson loss, early stopping on a tenth of the customers."""
    model = HistGradientBoostingRegressor(
        loss="poisson", learning_rate=0.05, min_samples_leaf=50, early_stopping=True, random_state=0
    )
    return _predicted(model, cut)


REFERENCES: Final[dict[str, Callable[[Cut], Floats]]] = {
    "batch BG/NBD + Gamma-Gamma": bg_nbd,
    "batch Tweedie GLM": tweedie,
    "batch gradient boosting": boosting,
}


def _predicted(model: "object", cut: Cut) -> Floats:
    unit = cut.snapshot.minor_per_major
    known = [(one, spent) for one, spent in zip(cut.before, cut.spent_since, strict=True) if one is not None]
    features = _matrix([one for one, _ in known], unit)
    model.fit(features, np.array([spent for _, spent in known]))  # type: ignore[attr-defined]
    predicted: Floats = model.predict(_matrix(cut.facts, unit))  # type: ignore[attr-defined]
    return predicted


def _matrix(facts: Sequence[CustomerFacts], unit: int) -> Floats:
    return np.array([value_features(one, unit) for one in facts])
