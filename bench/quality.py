"""`python -m bench.quality`: clusters and edges beside batch k-means, and value in 90 days beside batch models."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.cluster import KMeans  # type: ignore[import-untyped]
from sklearn.metrics import silhouette_score  # type: ignore[import-untyped]

from bench.value_quality import value_in_words
from models.assign import NO_CLUSTER, assign_many
from models.kmeans import inertia, shares
from models.log_matrix import log_matrix
from models.quantiles import aov_minor, rank_error
from models.settings import LearningSettings
from models.trainer import Trainer
from replay.complete_journey import TIME_ZONE, load_tables
from schemas.instants import DAY_MICROSECONDS
from schemas.samples import Sample, SampleSlice
from schemas.snapshot import Snapshot

Facts = npt.NDArray[np.int64]
_PAGE = """\
# Quality of what is learnt

Clusters and edges on the Complete Journey beside scikit-learn's batch k-means on the same customers, learnt day by day
by the trainer as it will run. This page is written by

<!-- run as: make quality ARGS=--quick -->
```sh
make quality ARGS="--write docs/quality.md"
```

Not through workers: the facts of each day come from the tables of the data set. Every household is sampled once, at the
end of each day, and all fit into the trainer's table, so the rank error of the edges is 0 by construction here.
The settings were chosen on this very log; another one has not been measured. Switches by the model are those that a new
snapshot makes with the same facts. Flaps are A-B-A within seven days without an order of the customer. A restart is
clusters started afresh, to which the centres move within ten days.

"""
_HEAD = "| seed | day | silhouette (carried) / batch | inertia / batch | least share | rank error |"


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


def run(seed: int, days: list[Facts], checkpoints: list[int]) -> tuple[list[str], str]:
    """Return the table's rows of one seed, and its line of stability."""
    trainer, flaps, kept_days, renamed = Trainer(LearningSettings(seed=seed)), 0, 0, 0
    lines: list[str] = []
    switched: list[float] = []
    snapshot: Snapshot | None = None
    carried = np.full(len(days[0]), NO_CLUSTER)
    history: list[npt.NDArray[np.intp]] = []
    for day, facts in enumerate(days):
        known = facts[:, 1] > 0
        rows = tuple(Sample(str(number), *facts[number].tolist()) for number in np.flatnonzero(known))
        trainer.take(SampleSlice(partition=0, at=day * DAY_MICROSECONDS, rows=rows), 2 * day)
        before, snapshot = (
            snapshot,
            trainer.take(SampleSlice(partition=0, at=(day + 1) * DAY_MICROSECONDS, rows=()), 2 * day + 1),
        )
        if snapshot is None:
            continue
        logs, ordered = log_matrix(facts[known], 100), facts[known, 0] == 0
        old = assign_many(before or snapshot, logs, carried[known], ordered)
        now = assign_many(snapshot, logs, old, np.zeros(len(logs), dtype=bool))
        switched.append(float((now != old).mean()))
        carried[known] = now
        renamed += before is not None and [c.name for c in before.clusters] != [c.name for c in snapshot.clusters]
        history = [*history[-6:], carried.copy()]
        flaps += _flaps(history, facts)
        kept_days += len(logs)
        if day in checkpoints:
            lines.append(_checkpoint(seed, day, facts[known], now, snapshot))
    rate = 100_000 * flaps / kept_days
    restarts = 0 if snapshot is None else snapshot.restarts
    return lines, (
        f"- Seed {seed}: switches by the model a day {np.mean(switched):.2%} (worst day {max(switched):.2%}), "
        f"flaps per 100,000 customer-days {rate:.1f}, name flips {renamed}, restarts {restarts}."
    )


def _flaps(history: list[npt.NDArray[np.intp]], facts: Facts) -> int:
    """Customers who are back today where they were, after somewhere else yesterday, without an order since."""
    if len(history) < 3:
        return 0
    today, yesterday = history[-1], history[-2]
    back = np.zeros(len(today), dtype=bool)
    for ago, then in enumerate(reversed(history[:-2]), 2):
        back |= (then == today) & (then != NO_CLUSTER) & (facts[:, 0] >= ago)
    return int((back & (yesterday != today)).sum())


def _checkpoint(seed: int, day: int, facts: Facts, labels: npt.NDArray[np.intp], snapshot: Snapshot) -> str:
    logs = log_matrix(facts, 100)
    mean, deviation = logs.mean(axis=0), logs.std(axis=0)
    points = (logs - mean) / deviation
    batch = KMeans(len(snapshot.clusters), n_init=10, random_state=0).fit(points)
    centres = (np.array([cluster.centre for cluster in snapshot.clusters]) - mean) / deviation
    silhouette = silhouette_score(points, labels) / silhouette_score(points, batch.labels_)
    ratio = inertia(points, centres) * len(points) / batch.inertia_
    edges = snapshot.edges
    error = max(
        rank_error(edges.recency_days, facts[:, 0]),
        rank_error(edges.frequency, facts[:, 1]),
        rank_error(edges.monetary_minor, facts[:, 2]),
        rank_error(edges.aov_minor, aov_minor(facts)),
    )
    return f"| {seed} | {day} | {silhouette:.3f} | {ratio:.3f} | {shares(points, centres).min():.2%} | {error:.2%} |"


def main() -> None:
    """Measure, print, and write the page where asked."""
    parser = argparse.ArgumentParser("python -m bench.quality", description="How good is what is learnt?")
    parser.add_argument("--quick", action="store_true", help="one seed, five checkpoints, one small shop")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write the page, e.g. docs/quality.md")
    given = parser.parse_args()
    count, seeds = (5, [1]) if given.quick else (10, [1, 2, 3, 4, 5])
    days = list(days_of_facts())
    checkpoints = [len(days) * number // count - 1 for number in range(1, count + 1)]
    runs = [run(seed, days, checkpoints) for seed in seeds]
    table = [_HEAD, "|--:|--:|--:|--:|--:|--:|", *(line for lines, _ in runs for line in lines)]
    text = _PAGE + "\n".join([*table, "", *(stability for _, stability in runs)]) + "\n"
    text += value_in_words(quick=given.quick)
    print(text)
    if given.write is not None:
        given.write.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
