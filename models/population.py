"""Everybody sampled beside the model in force: what answers about many customers are made from."""

from dataclasses import dataclass

from models.lookalikes import Lookalikes
from models.sample_table import FORGET_AFTER_DAYS, Sampled, SampleTable
from schemas.features import KEY_LIMIT
from schemas.instants import DAY_MICROSECONDS, Instant
from schemas.snapshot import Snapshot


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """Immutable, and equal to itself alone: the next model brings another one."""

    version: int
    """The model's."""
    snapshot: Snapshot
    as_of: Instant
    """The latest clock of a partition that was sampled (event time)."""
    sampled: Sampled
    lookalikes: Lookalikes

    @property
    def share_sampled(self) -> float:
        """The part of all customers that is sampled, 0-1; 1 where all are."""
        return self.snapshot.sample_below / KEY_LIMIT


def population_of(version: int, snapshot: Snapshot, table: SampleTable) -> Population:
    """Return who is in ``table``; forgets there whom the trainer forgot or does not ask for."""
    at = table.newest_at
    table.keep(at - FORGET_AFTER_DAYS * DAY_MICROSECONDS, snapshot.sample_below)
    sampled = table.as_of(at)
    return Population(version, snapshot, at, sampled, Lookalikes(sampled, snapshot))
