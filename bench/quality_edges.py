"""How far quintile edges are from the exact ranks of all customers, at each adoption of a year."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.customer_table import CustomerTable, Row
from models.quantiles import aov_minor, edges_of, rank_error
from replay.complete_journey import TIME_ZONE, load_tables
from schemas.features import sampling_key
from schemas.snapshot import Edges

Facts = npt.NDArray[np.int64]

FEATURES: Final = ("recency", "frequency", "monetary", "AOV")
HOURS: Final = 24
WARM_UP_DAYS: Final = 14
LARGE_SHOP: Final = 300_000
"""Three times what the trainer's table keeps."""
SWEPT_HOUR: Final = 19
"""The sweep begins when UTC's day does; that is an hour in the evening of New York."""
TEXT: Final = """\
## Quantile edges, further

Above, everybody was sampled in the moment of the adoption, and kept. First, a sweep of the Complete Journey that takes
an hour: edges as of its beginning, customers as of its end, over {days} days from day {first} on. Then {large:,}
customers, drawn from the households, of whom the trainer's table keeps 100,000.

| samples | adoptions | recency | frequency | monetary | AOV |
|---|--:|--:|--:|--:|--:|
"""


def edges_table(*, quick: bool) -> str:
    """Return the section of the page; ``quick`` looks at the first quarter and at one large shop."""
    hours = list(facts_by_hour(91 if quick else 365))
    late = [rank_errors(edges_of(known(day[SWEPT_HOUR - 1])), known(day[SWEPT_HOUR])) for day in hours[WARM_UP_DAYS:]]
    large = [rank_errors(*in_a_large_shop(known(hours[-1][-1]), seed)) for seed in range(1 if quick else 5)]
    rows = [("an hour old", late), ("100,000 kept", large)]
    lines = [f"| {name} | {len(errors)} | {edge_cells(errors)} |\n" for name, errors in rows]
    return TEXT.format(first=WARM_UP_DAYS, large=LARGE_SHOP, days=len(late)) + "".join(lines)


def facts_by_hour(days: int) -> Iterator[list[Facts]]:
    """Yield of each day the facts of all households at the end of each of its hours; frequency 0: not seen yet."""
    rows = load_tables().transactions
    at = rows["transaction_timestamp"].dt.tz_localize("UTC").dt.tz_convert(TIME_ZONE).dt.tz_localize(None)
    rows = rows.assign(hour=(at - at.dt.normalize().min()) // pd.Timedelta(hours=1))
    rows = rows.assign(minor=(rows["sales_value"] * 100).round().astype("int64"))
    baskets = rows.groupby("basket_id").agg(h=("household_id", "first"), hour=("hour", "first"), minor=("minor", "sum"))
    numbers, ids = pd.factorize(baskets["h"], sort=True)
    hours, minors = baskets["hour"].to_numpy(), baskets["minor"].to_numpy()
    order = np.argsort(hours, kind="stable")
    numbers, hours, minors = numbers[order], hours[order], minors[order]
    first, last = np.full(len(ids), -1), np.full(len(ids), -1)
    orders, spend = np.zeros(len(ids), dtype=np.int64), np.zeros(len(ids), dtype=np.int64)
    for day in range(days):
        found = []
        for hour in range(day * HOURS, (day + 1) * HOURS):
            here = numbers[slice(*np.searchsorted(hours, [hour, hour + 1]))]
            np.add.at(orders, here, 1)
            np.add.at(spend, here, minors[slice(*np.searchsorted(hours, [hour, hour + 1]))])
            last[here] = day
            first[(first < 0) & (last == day)] = day
            found.append(np.column_stack([day - last, orders, spend, day - first]))
        yield found


def known(facts: Facts) -> Facts:
    """Return those who ordered."""
    return facts[facts[:, 1] > 0]


def in_a_large_shop(facts: Facts, seed: int, customers: int = LARGE_SHOP, kept: int = 100_000) -> tuple[Edges, Facts]:
    """Return the edges of the table's fair part of so many customers, and all their facts.

    Each has the numbers of a household, its spend and orders scaled by up to a half, so that few are equal.
    """
    rng = np.random.default_rng(seed)
    everyone = facts[rng.integers(len(facts), size=customers)].copy()
    everyone[:, 1:3] = np.maximum(everyone[:, 1:3] * rng.uniform(0.5, 1.5, size=(customers, 1)), 1).astype(np.int64)
    table = CustomerTable(kept)
    for number, (recency, orders, spend, tenure) in enumerate(everyone.tolist()):
        table.put(sampling_key(f"{seed}-{number}"), Row(recency, orders, spend, tenure, at=0, offset=0))
    return edges_of(table.facts()), everyone


def rank_errors(edges: Edges, facts: Facts) -> list[float]:
    """Return the worst rank error (0-1) of each feature's edges among these customers, in the order of `FEATURES`."""
    return [
        rank_error(edges.recency_days, facts[:, 0]),
        rank_error(edges.frequency, facts[:, 1]),
        rank_error(edges.monetary_minor, facts[:, 2]),
        rank_error(edges.aov_minor, aov_minor(facts)),
    ]


def edge_cells(errors: Sequence[list[float]]) -> str:
    """Return the worst of each feature, as cells of a table."""
    return " | ".join(f"{worst:.2%}" for worst in np.array(errors).max(axis=0))
