"""How good `clv_90d` is: what the customers with the highest prices go on to spend, and how far prices are off."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bench.shops import Must, Shop, shops
from bench.value_history import Cut, Floats, cuts_of
from bench.value_references import REFERENCES
from models.calibration import calibration

PAGE = """
## Value in 90 days

The orders of two shops through the product's own code: the worker's fold, its samples, the trainer, the snapshots that
it makes, and the price of each customer by the newest one at the end of a day, the cut. Nothing after a cut was seen.
The references are fitted in batch at the same cut: BG/NBD by maximum likelihood to everybody's orders until then, the
other two to the last 90 days' spend by what was known 90 days before, with the same seven features.

Capture is the part of all customers' spend in the 90 days after the cut that falls on the tenth (fifth) of them with
the highest prices; with the spend itself as the price it could be at most the last line's. Decile error is the mean
difference of mean price and mean spend over the tenths by price, divided by the mean spend. Level is the sum of the
prices over the sum spent. All are means over the cuts. Features and fading were chosen on these two logs.

"""
_HEAD = "| model | capture 10 % | capture 20 % | decile error | level |\n|---|--:|--:|--:|--:|"


class Figures(NamedTuple):
    """How good a price is; see `models.calibration`."""

    capture_10: float
    capture_20: float
    decile_error: float
    level: float

    def reaches(self, must: Must) -> bool:
        """Tell whether all that has to be reached is."""
        captures = self.capture_10 >= must.capture_10 and self.capture_20 >= must.capture_20
        return captures and self.decile_error <= must.decile_error


def value_in_words(*, quick: bool) -> str:
    """Measure, and return the part of the page that is about value."""
    return PAGE + "\n".join(_shop_in_words(shop) for shop in shops(quick=quick))


def figures_of(price: Floats, spent: Floats) -> Figures:
    """Return the figures of one price beside what was spent."""
    found = calibration(price, spent)
    return Figures(found.capture_10, found.capture_20, found.decile_error, found.level)


def _shop_in_words(shop: Shop) -> str:
    cuts = cuts_of(shop)
    prices = {"Tierline": [cut.expected for cut in cuts]}
    prices |= {name: [reference(cut) for cut in cuts] for name, reference in REFERENCES.items()}
    figures = {name: _mean([figures_of(*pair) for pair in _paired(its, cuts)]) for name, its in prices.items()}
    most = _mean([figures_of(cut.spent_after, cut.spent_after) for cut in cuts])
    rows = [_row(name, its) for name, its in figures.items()]
    rows += [] if shop.must is None else [_must(shop.must, figures["Tierline"])]
    rows += [f"| what was spent | {most.capture_10:.3f} | {most.capture_20:.3f} | | |"]
    last = cuts[-1]
    value = last.snapshot.value
    by = "nothing" if value is None else f"`{value.priced_by}` with {value.labels:,} labels"
    days = ", ".join(cut.isoformat() for cut in shop.cuts)
    return (
        f"### {shop.name}\n\n{len(last.facts):,} customers at the last cut; cuts at the end of {days}; "
        f"at the last one priced by {by}.\n\n{_HEAD}\n" + "\n".join(rows) + f"\n\n{_gains(shop, last)}\n"
    )


def _paired(prices: Sequence[Floats], cuts: Sequence[Cut]) -> list[tuple[Floats, Floats]]:
    return [(price, cut.spent_after) for price, cut in zip(prices, cuts, strict=True)]


def _mean(figures: Sequence[Figures]) -> Figures:
    return Figures(*(float(np.mean(column)) for column in zip(*figures, strict=True)))


def _row(name: str, its: Figures) -> str:
    return f"| {name} | {its.capture_10:.3f} | {its.capture_20:.3f} | {its.decile_error:.3f} | {its.level:.2f} |"


def _must(must: Must, reached: Figures) -> str:
    word = "reached" if reached.reaches(must) else "NOT reached"
    return f"| has to be: {word} | {must.capture_10:.3f} | {must.capture_20:.3f} | {must.decile_error:.3f} | |"


def _gains(shop: Shop, cut: Cut) -> str:
    """Return the gains curve and the calibration by tenth at one cut."""
    rows = [
        f"| {part} | {tenth.mean_price:.2f} | {tenth.mean_spent:.2f} | {tenth.gained:.1%} |"
        for part, tenth in enumerate(calibration(cut.expected, cut.spent_after).tenths, 1)
    ]
    head = "| tenth by price | mean price | mean spend | gained so far |\n|--:|--:|--:|--:|"
    return f"Gains and calibration at the end of {shop.cuts[-1].isoformat()}:\n\n{head}\n" + "\n".join(rows)
