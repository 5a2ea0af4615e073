"""What the read side asks: of the store, which `state.redis_repository` answers, and of everybody sampled."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from models.population import Population
from state.live_entry import LiveEntry, Place
from state.meta import DayCounts
from state.store import LagNote


class StateReader(Protocol):
    """Reads of one partition at a time; each raises `StoreUnavailableError` while the store is gone."""

    async def meta(self, partition: int) -> bytes | None:
        """Return the partition's meta as of the last commit."""

    async def state(self, partition: int, customer_id: str) -> bytes | None:
        """Return one customer's state."""

    async def states(self, partition: int, customer_ids: Sequence[str]) -> list[bytes | None]:
        """Return some customers' states, in their order, None where there is none."""

    async def load_ledger(self, partition: int, customer_id: str) -> dict[str, bytes]:
        """Return every field of the customer's ledger."""

    async def told(self, partition: int, customer_id: str) -> list[bytes]:
        """Return the bodies of the newest outputs about a customer, oldest first."""

    async def days(self, partition: int) -> dict[int, DayCounts]:
        """Return the customers by tier and segment at the end of each day (since 1970, UTC) with something in it."""

    async def lag(self, partition: int) -> LagNote | None:
        """Return how far the partition is behind, None where no worker has said so lately."""

    async def live_since(self, partition: int, place: Place) -> list[LiveEntry]:
        """Return the outputs after ``place`` that are still kept, oldest first."""

    async def live_newest(self, partition: int, count: int) -> list[LiveEntry]:
        """Return the newest ``count`` outputs, oldest first."""

    async def await_live(
        self, places: Mapping[int, Place], changed: Mapping[int, Place], wait_ms: int
    ) -> list[LiveEntry]:
        """Return what came after these places, by partition; empty if nothing did within ``wait_ms``."""


class Populations(Protocol):
    """Everybody sampled, followed in the background; `streams.population_follower` answers."""

    @property
    def population(self) -> Population | None:
        """Everybody as of the latest model; None until that is known."""

    @property
    def missing(self) -> str:
        """Why it is not known yet, in words."""

    def forget(self, customer_id: str) -> None:
        """Take note that a customer of the population is gone."""
