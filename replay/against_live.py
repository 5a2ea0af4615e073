"""A replayed partition beside what the store holds of it."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

from replay.differences import Difference, hashed, shown, unequal_fields
from replay.run import Run
from schemas.instants import Instant
from state.customer import decode_state
from state.ledger import LedgerEntry, decode_entry
from state.meta import PartitionMeta, decode_meta
from state.store import Loaded, Wanted

CUSTOMERS_A_READ: Final = 500
LEDGERS_AT_ONCE: Final = 16
FOREVER: Final[Instant] = 2**60
META_FIELDS: Final = (
    "step",
    "offsets",
    "topic_ids",
    "clock_at",
    "started_at",
    "program",
    "previous_program",
    "program_changed_at",
    "model",
    "previous_model",
    "model_adopted_at",
    "swept_upto",
    "customers_by_tier",
    "moves",
    "customers_by_segment",
    "segment_moves",
)
"""What of a partition's meta must be equal, besides its counters; where the journal was read to is the worker's own."""


class LiveStore(Protocol):
    """The reading side of the store."""

    async def meta(self, partition: int) -> bytes | None:
        """Return the partition's meta."""

    async def customers(self, partition: int, after: int = 0, limit: int = 500) -> list[str]:
        """Return a slice of the customer ids."""

    async def load(self, partition: int, wanted: Wanted) -> Loaded:
        """Return states."""

    async def load_ledger(self, partition: int, customer_id: str) -> dict[str, bytes]:
        """Return a whole ledger."""

    async def due(self, partition: int, until_at: Instant, limit: int) -> list[tuple[Instant, str]]:
        """Return what is due until then."""


async def compare_with_store(run: Run, partition: int, store: LiveStore) -> list[Difference] | None:
    """Return what differs; None where the store stands at another step, or moved while it was read."""
    if await live_step(partition, store) != run.meta.step:
        return None
    blob = await store.meta(partition)
    found = [] if blob is None else list(_of_meta(partition, run.meta, decode_meta(blob)))
    live_ids = await _live_ids(partition, store)
    due = {customer_id: at for at, customer_id in await store.due(partition, FOREVER, len(live_ids) + 1)}
    for customer_ids in slices(sorted({*live_ids, *run.customers.states}), CUSTOMERS_A_READ):
        found += await _of_customers(run, partition, store, customer_ids)
        found += _of_due(run, partition, due, customer_ids)
    found += await _of_erased(run, partition, store)
    return found if await live_step(partition, store) == run.meta.step else None


async def live_step(partition: int, store: LiveStore) -> int:
    """Return the step at which the store stands; 0 where it holds nothing."""
    blob = await store.meta(partition)
    return 0 if blob is None else decode_meta(blob).step


def _of_meta(partition: int, replayed: PartitionMeta, live: PartitionMeta) -> Iterator[Difference]:
    for name in META_FIELDS:
        one, other = getattr(replayed, name), getattr(live, name)
        if one != other:
            yield Difference(partition, None, name, shown(one), shown(other))
    # How many outputs an erasure still caught before they were published is chance.
    for name in sorted({*replayed.counters, *live.counters}):
        counts = replayed.counters.get(name, 0), live.counters.get(name, 0)
        if counts[0] != counts[1] and not name.startswith("withdrawn:"):
            yield Difference(partition, None, f"counter {name}", *map(str, counts))


def slices(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Yield the ids in slices."""
    return (ids[start : start + size] for start in range(0, len(ids), size))


async def _live_ids(partition: int, store: LiveStore) -> list[str]:
    ids: list[str] = []
    while found := await store.customers(partition, len(ids), CUSTOMERS_A_READ):
        ids += found
    return ids


async def _of_customers(run: Run, partition: int, store: LiveStore, ids: Sequence[str]) -> list[Difference]:
    loaded = await store.load(partition, Wanted(states=ids))
    ledgers: list[dict[str, bytes]] = []
    for some in slices(ids, LEDGERS_AT_ONCE):
        ledgers += await asyncio.gather(*(store.load_ledger(partition, one) for one in some))
    found: list[Difference] = []
    for customer_id, ledger in zip(ids, ledgers, strict=True):
        blob = loaded.states[customer_id]
        replayed, live = run.customers.state(customer_id), None if blob is None else decode_state(blob)
        entries = run.customers.ledger(customer_id).entries
        fields = [*unequal_fields("state", replayed, live), *_of_ledger(entries, ledger)]
        found += [Difference(partition, hashed(customer_id), *field) for field in fields]
    return found


def _of_ledger(replayed: Mapping[str, LedgerEntry | None], live: Mapping[str, bytes]) -> Iterator[tuple[str, str, str]]:
    for name in sorted({*replayed, *live}):
        entry = decode_entry(name, live[name]) if name in live else None
        yield from unequal_fields(f"ledger {name}", replayed.get(name), entry)


def _of_due(run: Run, partition: int, due: Mapping[str, Instant], ids: Sequence[str]) -> list[Difference]:
    """While a change is swept, the store does not say of its customers that they are due by then."""
    sweeps_to = run.meta.sweeps_to
    moments = ((one, _at_most(run.due_of(one), sweeps_to), _at_most(due.get(one), sweeps_to)) for one in ids)
    return [
        Difference(partition, hashed(customer_id), "due", shown(replayed), shown(live))
        for customer_id, replayed, live in moments
        if replayed != live
    ]


def _at_most(moment: Instant | None, sweeps_to: Instant | None) -> Instant | None:
    if moment is None or sweeps_to is None:
        return sweeps_to if moment is None else moment
    return min(moment, sweeps_to)


async def _of_erased(run: Run, partition: int, store: LiveStore) -> list[Difference]:
    found: list[Difference] = []
    gone = [one for one in sorted(run.customers.erased) if run.customers.state(one) is None]
    for ids in slices(gone, CUSTOMERS_A_READ):
        erased = (await store.load(partition, Wanted(states=ids))).erased
        for customer_id in ids:
            live = erased.get(customer_id)
            if live != run.customers.erased[customer_id]:
                replayed = shown(run.customers.erased[customer_id])
                found.append(Difference(partition, hashed(customer_id), "erased", replayed, shown(live)))
    return found
