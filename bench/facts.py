"""Facts of the Complete Journey's households by day, from its tables: for many runs of the trainer alone."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from bench.quality_run import Facts
from replay.complete_journey import TIME_ZONE, load_tables


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
