"""The store of a partition: what it must promise, the shapes that cross it, and its errors typed by what to do next.

Everything of one partition moves together, under a token that only its last claimer knows. `redis_repository` keeps
the promise on Redis, `tests/simulation` on a dict; one suite (`tests/contract`) holds both to it.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec

from schemas.instants import Instant
from state.changes import Said
from state.errors import StateError

TOLD_MAX: Final = 50
"""How many outputs about one customer are kept for `explain`."""
LIVE_MAX: Final = 1000
"""How many outputs of a partition pages can catch up with (Redis keeps up to 100 more)."""
CHANGED_MAX: Final = 64
"""How many commits' changed customers are kept: a notice for who listens now, no history."""
DAYS_MAX: Final = 366
"""For how many days of the log's clock the customers by tier and segment are kept."""
LAG_KEPT_MS: Final = 5000
"""How long a note of a partition's lag is believed. It is made once a second; where no worker is, there is none."""


class StoreUnavailableError(StateError):
    """The store did not answer. For a write this means: the outcome is unknown.

    Reaction: read the token to learn the outcome, or claim again.
    """


class StoreRefusedError(StoreUnavailableError):
    """The store answers and cannot write now (no memory, its slot is being moved, it is loading); nothing was written.

    Reaction: wait a little, then claim again. Operator action: as the message says.
    """


class StoreUnusableError(StateError):
    """The store answers, but must not be used like this (it may evict, it refuses the login).

    Operator action: as the message says.
    """


@dataclass(frozen=True, slots=True)
class Stored:
    """What a claim finds. `meta` is None where the partition was never started (or its Redis was emptied)."""

    meta: bytes | None
    journal_at: int = 0
    """The journal offset from which recovery must read."""
    published_step: int = 0
    """The last step known to be in the journal when `journal_at` was written."""
    is_clearing: bool = False
    """A rebuild was interrupted while it removed the keys."""
    warnings: tuple[str, ...] = ()
    """What an operator should know about this store's durability."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a batch needs: states, some ledger fields of some customers, and erasures of those without a state."""

    states: Sequence[str] = ()
    ledgers: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The answer to `Wanted`; what does not exist is None."""

    states: dict[str, bytes | None]
    ledgers: dict[str, dict[str, bytes | None]]
    erased: dict[str, Instant | None]
    """Per customer without a state: when an earlier customer of this id was erased."""


@dataclass(frozen=True, slots=True)
class Write:
    """One commit. A state of None removes the customer's keys; a due moment of None means nothing is due."""

    meta: bytes
    step: int
    states: Mapping[str, bytes | None] = field(default_factory=dict)
    ledgers: Mapping[str, Mapping[str, bytes | None]] = field(default_factory=dict)
    due: Mapping[str, Instant | None] = field(default_factory=dict)
    reborn: Collection[str] = ()
    """Customers whose old keys must go before their new state is written."""
    erased: Mapping[str, Instant] = field(default_factory=dict)
    """SHA-256 of the id (hex) -> when."""
    outbox: bytes | None = None
    """The entry to append, None while repeating what is published."""
    rewritten: Mapping[int, bytes] = field(default_factory=dict)
    """Outbox entries by position, without what an erased customer had in them."""
    said: Sequence[Said] = ()
    """Outputs about customers, for pages: written while repeating, too, because the state that goes with them is."""
    day: tuple[int, bytes] | None = None
    """The day of the partition's clock (since 1970, UTC) and the customers by tier and segment as of now (JSON)."""


@dataclass(frozen=True, slots=True)
class Peeked:
    """Token and outbox, read together."""

    token: str
    entries: list[bytes]


@dataclass(frozen=True, slots=True)
class Dirty:
    """A customer whose read model must be published again; `state` is None when it was erased."""

    customer_id: str
    step: int
    state: bytes | None


@dataclass(frozen=True, slots=True)
class Scanned:
    """A slice of all customers, in no order."""

    due: list[tuple[Instant | None, str]]
    """When something is next due, None if nothing is, and the customer's id."""
    place: int
    """Where to go on; 0: that was all."""


class LagNote(msgspec.Struct, frozen=True):
    """How far a partition is behind its input topics, and when its worker saw that."""

    records: int
    """Not taken yet, over all input topics."""
    at: Instant
    """The fetch that says so, by the worker's wall clock."""


class Scannable(Protocol):
    """What can be read slice by slice."""

    async def scan_from(self, partition: int, place: int, limit: int) -> Scanned:
        """See `Store.scan_from`."""


async def scan(store: Scannable, partition: int, limit: int = 500) -> AsyncIterator[list[str]]:
    """Yield every customer's id, about ``limit`` at a time; see `Store.scan_from`."""
    found = await store.scan_from(partition, 0, limit)
    while True:
        if found.due:
            yield [customer_id for _, customer_id in found.due]
        if found.place == 0:
            return
        found = await store.scan_from(partition, found.place, limit)


class Store(Scannable, Protocol):
    """One partition at a time; every write compares the token and rotates it, all in one atomic step.

    Raises StoreUnavailableError (unknown outcome) and StoreUnusableError (stop).
    """

    async def claim(self, partition: int, new_token: str) -> Stored:
        """Rotate the token, durably: no later rollback of the store goes behind this moment."""

    async def token(self, partition: int) -> str:
        """Return the token in force."""

    async def load(self, partition: int, wanted: Wanted) -> Loaded:
        """Return what a batch needs, in one round trip."""

    async def load_ledgers(self, partition: int, customer_ids: Sequence[str]) -> dict[str, dict[str, bytes]]:
        """Return every field of these customers' ledgers, in one round trip."""

    async def due(self, partition: int, until_at: Instant, limit: int) -> list[tuple[Instant, str]]:
        """Return up to ``limit`` customers with something due until then, earliest first."""

    async def scan_from(self, partition: int, place: int, limit: int) -> Scanned:
        """Return about ``limit`` customers from ``place`` on, 0 being the beginning, while others go on writing.

        Whoever is there from beginning to end comes, and may come twice.
        """

    async def commit(self, partition: int, expected: str, new_token: str, write: Write) -> bool:
        """Write everything, or nothing and return False where the token is not ``expected``."""

    async def peek(self, partition: int, limit: int) -> Peeked:
        """Return the token and the first ``limit`` entries of the outbox, as of one moment."""

    async def trim(
        self, partition: int, expected: str, new_token: str, count: int, journal_at: int, published_step: int
    ) -> bool:
        """Drop the first ``count`` entries and note how far the journal is, or return False (see commit)."""

    async def told(self, partition: int, customer_id: str) -> list[bytes]:
        """Return the bodies of the newest `TOLD_MAX` outputs about a customer, oldest first."""

    async def note_lag(self, partition: int, note: LagNote) -> None:
        """Keep the note for `LAG_KEPT_MS`.

        No token is asked for, unlike in every other write: it would move with each commit under the asker's feet, and
        nothing is decided by a lag. A worker that lost the partition can only be wrong in it for the second until its
        relay finds out, and the owner writes over it.
        """

    async def lag(self, partition: int) -> LagNote | None:
        """Return the note, None where no worker has made one lately."""

    async def clear(self, partition: int, expected: str) -> bool:
        """Remove everything but the token, in slices; an interrupted one shows in `Stored.is_clearing`."""

    async def dirty(self, partition: int, limit: int) -> list[Dirty]:
        """Return up to ``limit`` customers to publish again, longest waiting first."""

    async def clean(self, partition: int, published: Sequence[Dirty]) -> None:
        """Forget those that did not change again since."""
