"""What the owner of one partition holds, from its claim until it loses it."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from schemas.record import LogRecord
from schemas.topics import INPUTS
from state.fold import Fold
from state.store import StoreRefusedError, StoreUnavailableError
from streams.crowd import Crowd
from streams.customers import CustomersAtHand
from streams.observed import Observed
from streams.ports import LostClaimError, Ports
from streams.repeat import Repeat

if TYPE_CHECKING:
    from streams.tracing import PartitionTracing

CUSTOMERS_A_COMMIT: Final = 500
"""The store answers nobody else while it writes them: some ten milliseconds for so many."""
RECORDS_A_ROUND: Final = 2000
OUTBOX_ENTRIES_MAX: Final = 2000
"""Ingest waits while the relay is this many commits behind (Kafka is slow or gone)."""
TICK_DELAY_US: Final = 60_000_000
"""How far ticks stay behind the wall clock, so that records on their way still come first."""


@dataclass(frozen=True, slots=True)
class Guards:
    """The engine's part of the six guards; only the ablation test turns one off, to see it missed."""

    relay_peek: bool = True
    hold: bool = True
    journal: bool = True


@dataclass(frozen=True, slots=True)
class Work:
    """What every partition of a worker is to do."""

    program_json: str
    program_version: int
    partition_of: Callable[[bytes], int] | None = None
    """The partition a key belongs to; None where nobody has to know."""
    uses_wall_clock: bool = True
    tick_delay_us: int = TICK_DELAY_US
    topics: tuple[str, ...] = INPUTS
    records_a_round: int = RECORDS_A_ROUND
    customers_a_commit: int = CUSTOMERS_A_COMMIT
    cached_customers_max: int = 50_000
    guards: Guards = field(default_factory=Guards)


@dataclass(slots=True)
class PartitionEngine:
    """One claimed partition. A lost claim ends it; the next claim makes another.

    `token` moves with each of our own writes; whoever finds another one in the store has lost the partition.
    """

    partition: int
    work: Work
    ports: Ports
    fold: Fold
    customers: CustomersAtHand
    token: str
    repeat: Repeat
    """Journalled steps that the state lacks: they are repeated as journalled and emit nothing."""
    journal_until: int
    """The last step that was in the journal at the claim."""
    published_step: int
    journal_end: int
    stored_journal_at: int
    tail: list[tuple[int, int]]
    """Journal entries read at the claim: last step and offset."""
    gate: AbstractAsyncContextManager[object]
    committed_step: int
    observed: Observed
    heads: dict[str, list[LogRecord]] = field(default_factory=dict)
    """Records fetched and not yet taken, per topic."""
    reading: int = 0
    """Ours of the input topics; a later one is another claim's."""
    crowd: Crowd | None = None
    unrelayed: int = 0
    tracing: "PartitionTracing | None" = None
    """None where tracing is off, and then nothing is imported for it."""

    @property
    def is_repeating(self) -> bool:
        """Tell whether the state is still behind the journal."""
        return bool(self.repeat)

    async def load_ledgers(self, customer_ids: Sequence[str]) -> None:
        """Bring whole ledgers to hand: a cancellation or a full refund may look at every order of its customer."""
        self.customers.add_ledgers(await self.ports.store.load_ledgers(self.partition, customer_ids))

    async def write(self, attempt: Callable[[str, str], Awaitable[bool]]) -> None:
        """Let ``attempt(expected, new)`` rotate the token; an unknown outcome is looked up, not guessed.

        Raises LostClaimError where someone else holds the partition, StoreRefusedError where it cannot be written now.
        """
        new_token, unknown = self.ports.new_token(), ""
        for _ in range(2):
            try:
                is_done = await attempt(self.token, new_token)
            except StoreRefusedError:
                raise
            except StoreUnavailableError as error:
                is_done, unknown = False, f": {error}"
            found = new_token if is_done else await self.ports.store.token(self.partition)
            if found == new_token:
                self.token = new_token
                return
            if found != self.token:
                self.observed.refused_commits += 1
                raise LostClaimError(f"partition {self.partition} was claimed by another worker")
        raise LostClaimError(f"partition {self.partition}: the store does not say whether it wrote{unknown}")
