"""One customer, or the program, as of now: read from the store, decided nowhere."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from schemas.features import CustomerFacts
from schemas.instants import Instant
from schemas.program import Program
from state.bodies import Body
from state.customer import CustomerState, decode_state
from state.errors import LedgerNeeded, StateError
from state.explain import explanation
from state.in_force import Programs
from state.ledger import Ledger, decode_entry
from state.meta import PartitionMeta, decode_meta
from state.read_model import newcomer_tier, read_model
from state.standing import facts_of
from storefront.ports import StateReader


class NotStartedError(StateError):
    """No worker has taken the first step of a partition yet, so nobody knows its rules.

    Operator action: start `tierline worker`; if it runs, compare TIERLINE_NAME, TIERLINE_PARTITIONS and TIERLINE_REDIS.
    """


@dataclass(frozen=True, slots=True)
class Found:
    """The answer on one customer; ``view`` is None for one that nobody knows, who has ``newcomer`` before them."""

    view: Body | None
    newcomer: Body


@dataclass(frozen=True, slots=True)
class Member:
    """A customer beside others, as of now."""

    view: Body
    facts: CustomerFacts | None
    """None without an order that counts."""
    erased_at: Instant | None
    """An earlier customer of this id was erased then."""
    currency: str


@dataclass(frozen=True, slots=True)
class Lookup:
    """Finds customers by the partitioner that the producers use.

    ``clock`` says what now is: the wall clock, or the latest record timestamp of the customer's partition.
    """

    reader: StateReader
    partitions: int
    partition_of: Callable[[bytes], int]
    wall_now: Callable[[], Instant]
    clock: Literal["wall", "log"] = "wall"

    async def customer(self, customer_id: str) -> Found:
        """Return the read model as of now. Raises ``NotStartedError`` and the store's errors."""
        partition = self.partition_of(customer_id.encode())
        # The meta is read after the state, so that it knows every program that the state may stand under.
        blob = await self.reader.state(partition, customer_id)
        meta = _started(await self.reader.meta(partition), partition)
        programs = meta.programs()
        newcomer = newcomer_tier(programs.current)
        if blob is None:
            return Found(None, newcomer)
        view = await view_of(self.reader, decode_state(blob), programs, self._now(meta), partition)
        return Found(view, newcomer)

    async def members(self, customer_ids: Sequence[str]) -> list[Member | None]:
        """Return these customers with what is compared with others, None where nobody knows one. Raises as `customer`.

        Each partition is asked once for all of its customers.
        """
        partitions = [self.partition_of(customer_id.encode()) for customer_id in customer_ids]
        places: dict[int, list[int]] = {}
        for place, partition in enumerate(partitions):
            places.setdefault(partition, []).append(place)
        asked = (self._members_of(one, [customer_ids[place] for place in mine]) for one, mine in places.items())
        found = await asyncio.gather(*asked)
        members: list[Member | None] = [None] * len(customer_ids)
        for mine, of_partition in zip(places.values(), found, strict=True):
            for place, member in zip(mine, of_partition, strict=True):
                members[place] = member
        return members

    async def explanation(self, customer_id: str) -> Found:
        """Return why the customer is where they are. Raises as `customer` does."""
        partition = self.partition_of(customer_id.encode())
        # In this order: orders and words are not older than the state, and the meta knows every program of it.
        blob = await self.reader.state(partition, customer_id)
        ledger = await _ledger(self.reader, partition, customer_id)
        told = await self.reader.told(partition, customer_id)
        meta = _started(await self.reader.meta(partition), partition)
        programs = meta.programs()
        newcomer = newcomer_tier(programs.current)
        if blob is None:
            return Found(None, newcomer)
        return Found(explanation(decode_state(blob), programs, self._now(meta), ledger, told), newcomer)

    async def program(self) -> Program:
        """Return the program in force, of several the one with the highest version (a change is being adopted)."""
        metas = await asyncio.gather(*(self.reader.meta(partition) for partition in range(self.partitions)))
        programs = [Program.from_json(decode_meta(blob).program) for blob in metas if blob is not None]
        if not programs:
            raise NotStartedError("No partition has been started yet. Start a worker: tierline worker")
        return max(programs, key=lambda program: program.version)

    async def check(self) -> None:
        """Return if the store answers and the partition that is asked for first has been started."""
        _started(await self.reader.meta(0), 0)

    async def _members_of(self, partition: int, customer_ids: Sequence[str]) -> list[Member | None]:
        blobs = await self.reader.states(partition, customer_ids)
        meta = _started(await self.reader.meta(partition), partition)
        programs, now = meta.programs(), self._now(meta)

        async def member_of(customer: CustomerState) -> Member:
            view = await view_of(self.reader, customer, programs, now, partition)
            facts = facts_of(customer, programs.current.day_of(now))
            return Member(view, facts, customer.erased_at, programs.current.currency)

        return [None if blob is None else await member_of(decode_state(blob)) for blob in blobs]

    def _now(self, meta: PartitionMeta) -> Instant:
        return meta.clock_at if self.clock == "log" else self.wall_now()


async def view_of(
    reader: StateReader, customer: CustomerState, programs: Programs, as_of: Instant, partition: int
) -> Body:
    """Return the customer's read model, with the whole ledger where a change of program has to see it."""
    try:
        return read_model(customer, programs, as_of)
    except LedgerNeeded:
        return read_model(customer, programs, as_of, await _ledger(reader, partition, customer.customer_id))


async def _ledger(reader: StateReader, partition: int, customer_id: str) -> Ledger:
    fields = await reader.load_ledger(partition, customer_id)
    return Ledger({field: decode_entry(field, blob) for field, blob in fields.items()}, complete=True)


def _started(blob: bytes | None, partition: int) -> PartitionMeta:
    meta = None if blob is None else decode_meta(blob)
    if meta is None or not meta.program:
        raise NotStartedError(f"Partition {partition} has not been started yet. Start a worker: tierline worker")
    return meta
