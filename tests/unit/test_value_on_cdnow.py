"""Value in 90 days on real orders, through the product's own code: the reduced form of `make quality`."""

import numpy as np
import pytest

from bench.shops import CDNOW_CUTS, CDNOW_SAMPLE, Shop, cdnow
from bench.value_history import Cut, cuts_of
from bench.value_quality import figures_of
from bench.value_references import bg_nbd
from models.calibration import calibration, captured
from models.errors import NothingToCompareError
from models.settings import LearningSettings
from schemas.program import Program

EVERY = 6
"""So many customers, one is taken: four hundred."""
LEARNING = LearningSettings(
    k=2, warm_up_days=2, reservoir_customers=50, lloyd_steps=1, fresh_starts=1, fresh_steps=1, hand_over_labels=2_000
)
"""Clusters are not what is looked at; so few customers' labels take a year to mature."""


def some_of_cdnow() -> Cut:
    records = [one for one in cdnow(CDNOW_SAMPLE) if int(one.key or b"0") % EVERY == 0]
    (cut,) = cuts_of(Shop("some of CDNOW", lambda: records, Program(), CDNOW_CUTS[1:2], learning=LEARNING))
    return cut


def test_prices_of_some_hundred_customers_are_in_line_with_a_batch_model() -> None:
    """No must: of so few customers, one large order moves the captures by some hundredths."""
    cut = some_of_cdnow()
    value = cut.snapshot.value
    assert value is not None
    assert (value.priced_by, value.labels > 2_000) == ("poisson", True)
    live, batch = (figures_of(price, cut.spent_after) for price in (cut.expected, bg_nbd(cut)))
    assert 350 < len(cut.facts) < 450
    assert live.capture_10 > 0.4
    assert live.capture_20 > max(0.55, batch.capture_20 - 0.05)
    assert 0.6 < live.level < 1.6
    assert live.decile_error < batch.decile_error + 0.2


def test_figures_are_those_worked_out_by_hand() -> None:
    """Ten customers: the one with the highest price spent half of all, the next nothing."""
    price, spent = np.arange(10, 0, -1.0), np.array([10, 0, 2, 2, 2, 2, 1, 1, 0, 0], dtype=float)
    assert (captured(price, spent, 0.1), captured(price, spent, 0.2), captured(price, spent, 0.3)) == (0.5, 0.5, 0.6)
    tenths = calibration(price, spent).tenths
    assert [(one.mean_price, one.mean_spent) for one in tenths] == list(zip(price, spent, strict=True))
    assert [round(20 * one.gained) for one in tenths] == [10, 10, 12, 14, 16, 18, 19, 20, 20, 20]
    found = figures_of(price, spent)
    # Differences of 0, 9, 6, 5, 4, 3, 3, 2, 2 and 1, over ten tenths, beside a mean spend of 2.
    assert (found.decile_error, found.level) == (3.5 / 2, 55 / 20)


@pytest.mark.parametrize("spent", [np.zeros(10), np.ones(9)], ids=["nothing was spent", "too few"])
def test_what_cannot_be_judged_is_an_error_and_no_number(spent: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> None:
    with pytest.raises(NothingToCompareError, match="customers who then spent"):
        calibration(np.ones(len(spent)), spent)
