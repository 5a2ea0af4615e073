"""Portraits in numbers: how large a group of customers is, what it spends, and what is typical of it."""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Final, NamedTuple

import numpy as np

from models.assign import NO_CLUSTER, assign_many
from models.customer_table import Integers
from models.log_matrix import log_matrix
from models.population import Population
from models.quantiles import aov_minor

FEW_CUSTOMERS: Final = 10
"""Of fewer nothing is typical, and quartiles would tell of single persons."""


class Spread(NamedTuple):
    """The middle half: at least a quarter are at or below ``lower``, a half at or below ``median``, and so on.

    Each is the value of a customer, never an average of two.
    """

    lower: int
    median: int
    upper: int


class Typical(NamedTuple):
    """What is typical of a group; days and minor units."""

    recency_days: Spread
    frequency: Spread
    aov_minor: Spread
    monetary_minor: Spread
    tenure_days: Spread


class Portrait(NamedTuple):
    """A group of customers, over their whole lives as customers."""

    name: str
    customers: int
    share_of_customers: float
    revenue_minor: int
    """Net of refunds."""
    share_of_revenue: float
    """0 where nobody spent anything."""
    typical: Typical | None
    """None where there are fewer than `FEW_CUSTOMERS`."""


class Labels(NamedTuple):
    """To which of the named groups each customer belongs, by place in ``names``."""

    names: Sequence[str]
    of_customer: Integers


def by_rules(population: Population, names: Sequence[str], name_of: Callable[[int, int, int], str]) -> Labels:
    """Return everybody's rule segment, by scores that the model's edges give them; ``names`` says the order."""
    facts, edges = population.sampled.facts, population.snapshot.edges
    r = 5 - np.searchsorted(edges.recency_days, facts[:, 0])
    f = 1 + np.searchsorted(edges.frequency, facts[:, 1])
    m = 1 + np.searchsorted(edges.monetary_minor, facts[:, 2])
    segments = np.zeros((6, 6, 6), np.int64)
    for scores in product(range(1, 6), repeat=3):
        segments[scores] = names.index(name_of(*scores))
    return Labels(names, segments[r, f, m])


def by_clusters(population: Population) -> Labels:
    """Return everybody's nearest cluster. A live customer stays a little longer where they were (hysteresis)."""
    snapshot, facts = population.snapshot, population.sampled.facts
    nobody, everybody = np.full(len(facts), NO_CLUSTER), np.ones(len(facts), np.bool_)
    nearest = assign_many(snapshot, log_matrix(facts, snapshot.minor_per_major), nobody, everybody)
    return Labels([cluster.name for cluster in snapshot.clusters], nearest.astype(np.int64))


def portraits_of(facts: Integers, labels: Labels) -> list[Portrait]:
    """Return a portrait of each group, in the order of its names; a group without customers too."""
    return [_portrait(name, facts, labels.of_customer == place) for place, name in enumerate(labels.names)]


def portrait_of_all(facts: Integers) -> Portrait:
    """Return the portrait of everybody."""
    return _portrait("All customers", facts, np.ones(len(facts), np.bool_))


def _portrait(name: str, facts: Integers, belongs: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> Portrait:
    mine = facts[belongs]
    revenue, whole = int(mine[:, 2].sum()), int(facts[:, 2].sum())
    return Portrait(
        name,
        len(mine),
        len(mine) / len(facts) if len(facts) else 0.0,
        revenue,
        revenue / whole if whole else 0.0,
        _typical(mine) if len(mine) >= FEW_CUSTOMERS else None,
    )


def _typical(facts: Integers) -> Typical:
    columns = (facts[:, 0], facts[:, 1], aov_minor(facts), facts[:, 2], facts[:, 3])
    recency, frequency, aov, monetary, tenure = map(_spread, columns)
    return Typical(recency, frequency, aov, monetary, tenure)


def _spread(values: Integers) -> Spread:
    lower, median, upper = np.quantile(values, (0.25, 0.5, 0.75), method="inverted_cdf")
    return Spread(int(lower), int(median), int(upper))
