"""What the read side asks of the store; `state.redis_repository` answers."""

from collections.abc import Mapping
from typing import Protocol

from state.meta import DayCounts
from state.redis_reading import LiveEntry, Place
from state.store import LagNote


class StateReader(Protocol):
    """Reads of one partition at a time; each raises `StoreUnavailableError` while the store is gone."""

    async def meta(self, partition: int) -> bytes | None:
        """Return the partition's meta as of the last commit."""

    async def state(self, partition: int, customer_id: str) -> bytes | None:
        """Return one customer's state."""

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
