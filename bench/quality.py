"""`python -m bench.quality`: clusters and edges beside batch k-means, and value in 90 days beside batch models."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from bench.quality_edges import edges_table
from bench.quality_run import Checkpoint, Facts, Measured, follow
from bench.quality_settings import settings_table
from bench.value_quality import value_in_words
from models.settings import LearningSettings
from replay.complete_journey import TIME_ZONE, load_tables

_PAGE = """\
# Quality of what is learnt

Clusters and edges on the Complete Journey beside scikit-learn's batch k-means on the same customers, learnt day by day
by the trainer as it will run. This page is written by

<!-- run as: make quality ARGS=--quick -->
```sh
make quality ARGS="--write docs/quality.md"
```

Not through workers: the facts of each day come from the tables of the data set. Every household is sampled once, at the
end of each day. The settings were chosen on this very log; another one has not been measured. Switches by the model are
those that a new snapshot makes with the same facts. Flaps are A-B-A within seven days without an order of the customer.
A restart is clusters started afresh, to which the centres move within ten days. Davies-Bouldin above 1 is worse than
batch k-means. The agreement with a Gaussian mixture of as many components is the adjusted Rand index (1: the same, 0:
chance); in brackets that of batch k-means.

"""
_HEAD = "| seed | day | silhouette (carried) / batch | inertia / batch | Davies-Bouldin / batch | GMM | least share |"


def days_of_facts() -> Iterator[Facts]:
    """Yield each day's facts of all households, shape (households, 4); frequency 0: not seen yet."""
    rows = load_tables().transactions
    at = rows["transaction_timestamp"].dt.tz_localize("UTC").dt.tz_convert(TIME_ZONE).dt.tz_localize(None)
    rows = rows.assign(day=(at.dt.normalize() - at.dt.normalize().min()).dt.days)
    rows = rows.assign(minor=(rows["sales_value"] * 100).round().astype("int64"))
    baskets = rows.groupby("basket_id").agg(h=("household_id", "first"), day=("day", "first"), minor=("minor", "sum"))
    numbers, ids = pd.factorize(baskets["h"], sort=True)
    first, last = np.full(len(ids), -1), np.full(len(ids), -1)
    orders, spend = np.zeros(len(ids), dtype=np.int64), np.zeros(len(ids), dtype=np.int64)
    days, minors = baskets["day"].to_numpy(), baskets["minor"].to_numpy()
    for day in range(int(days.max()) + 1):
        here = days == day
        np.add.at(orders, numbers[here], 1)
        np.add.at(spend, numbers[here], minors[here])
        last[numbers[here]] = day
        first[(first < 0) & (last == day)] = day
        yield np.column_stack([day - last, orders, spend, day - first])


def in_words(seed: int, found: Measured) -> tuple[list[str], str]:
    """Return the table's rows of one seed, and its line of stability."""
    switched = f"{np.mean(found.switched):.2%} (worst day {max(found.switched):.2%})"
    return [_row(seed, one) for one in found.checkpoints], (
        f"- Seed {seed}: switches by the model a day {switched}, "
        f"flaps per 100,000 customer-days {found.flaps:.1f}, name flips {found.renamed}, restarts {found.restarts}."
    )


def _row(seed: int, one: Checkpoint) -> str:
    ratios = f"{one.silhouette:.3f} | {one.inertia:.3f} | {one.davies_bouldin:.3f}"
    return f"| {seed} | {one.day} | {ratios} | {one.gmm:.3f} ({one.batch_gmm:.3f}) | {one.least_share:.2%} |"


def main() -> None:
    """Measure, print, and write the page where asked."""
    parser = argparse.ArgumentParser("python -m bench.quality", description="How good is what is learnt?")
    parser.add_argument("--quick", action="store_true", help="one seed, five checkpoints, one small shop")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write the page, e.g. docs/quality.md")
    given = parser.parse_args()
    count, seeds = (5, [1]) if given.quick else (10, [1, 2, 3, 4, 5])
    days = list(days_of_facts())
    checkpoints = [len(days) * number // count - 1 for number in range(1, count + 1)]
    measured = [follow(LearningSettings(seed=seed), days, checkpoints) for seed in seeds]
    runs = [in_words(seed, found) for seed, found in zip(seeds, measured, strict=True)]
    table = [_HEAD, "|--:|--:|--:|--:|--:|--:|--:|", *(line for lines, _ in runs for line in lines)]
    text = _PAGE + "\n".join([*table, "", *(stability for _, stability in runs)]) + "\n"
    text += "\n" + settings_table(days, quick=given.quick)
    text += "\n" + edges_table(measured[0].edge_errors, quick=given.quick)
    text += value_in_words(quick=given.quick)
    print(text)
    if given.write is not None:
        given.write.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
