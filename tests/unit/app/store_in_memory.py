"""A store of one partition in memory, for what reads a store."""

import asyncio
from collections.abc import Mapping, Sequence

from schemas.instants import parse_instant
from schemas.journal import ModelAdoption, Start, Tick
from schemas.program import Program
from schemas.record import LogRecord
from schemas.topics import ORDERS
from state.customer import encode_state
from state.fold import Fold
from state.ledger import encode_entry
from state.live_entry import LiveEntry, Place
from state.memory import CustomersInMemory
from state.meta import DayCounts, PartitionMeta, decode_day, encode_day, encode_meta
from state.outputs import DeadLetter
from state.score import Model
from state.store import LagNote, StoreUnavailableError
from storefront.lookup import Lookup

NOON = parse_instant("2017-06-01T12:00:00Z")
PROGRAM = Program()


class StoreInMemory:
    """One partition after one order of customer ``c-1``, with ``model`` after it was scored with one."""

    def __init__(self, *, is_started: bool = True, model: Model | None = None) -> None:
        self.is_down = False
        self.lag_note: LagNote | None = None
        self.customers = CustomersInMemory()
        self._meta = PartitionMeta()
        self.fold = fold = Fold(self._meta, self.customers)
        if is_started:
            fold.start(Start(at=None, offsets={}, topic_ids={}, program_json=PROGRAM.canonical_json()))
            admitted = fold.admit(_order())
            assert not isinstance(admitted, DeadLetter)
            fold.apply(admitted)
        if model is not None:
            fold.adopt(ModelAdoption(model.version, NOON), model)
            fold.tick(Tick(NOON), ["c-1"])
        self._said = fold.take_changes().said
        self._is_started = is_started

    async def meta(self, partition: int) -> bytes | None:
        if self.is_down:
            raise StoreUnavailableError("Redis at secret-host does not answer")
        return encode_meta(self._meta) if self._is_started else None

    async def state(self, partition: int, customer_id: str) -> bytes | None:
        if self.is_down:
            raise StoreUnavailableError("Redis at secret-host does not answer")
        state = self.customers.state(customer_id)
        return None if state is None else encode_state(state)

    async def states(self, partition: int, customer_ids: Sequence[str]) -> list[bytes | None]:
        return [await self.state(partition, customer_id) for customer_id in customer_ids]

    async def load_ledger(self, partition: int, customer_id: str) -> dict[str, bytes]:
        ledger = self.customers.ledger(customer_id).entries
        return {field: encode_entry(entry) for field, entry in ledger.items() if entry is not None}

    async def told(self, partition: int, customer_id: str) -> list[bytes]:
        return [one.body for one in self._said if one.customer_id == customer_id]

    def forget_what_was_said(self) -> None:
        self._said = []

    async def days(self, partition: int) -> dict[int, DayCounts]:
        return dict([decode_day(b"[%d,%b]" % encode_day(self._meta))])

    async def lag(self, partition: int) -> LagNote | None:
        return self.lag_note

    async def live_since(self, partition: int, place: Place) -> list[LiveEntry]:
        entries = [LiveEntry(0, (one.step, one.number), (one.customer_id,), one.body) for one in self._said]
        return [entry for entry in entries if entry.place > place]

    async def live_newest(self, partition: int, count: int) -> list[LiveEntry]:
        return (await self.live_since(partition, (0, 0)))[-count:]

    async def await_live(
        self, places: Mapping[int, Place], changed: Mapping[int, Place], wait_ms: int
    ) -> list[LiveEntry]:
        await asyncio.sleep(0.01)
        return []


def _order() -> LogRecord:
    value = (
        b'{"type":"order.placed","customer_id":"c-1","occurred_at":"2017-06-01T12:00:00Z",'
        b'"order_id":"o-1","amount":"460.00","currency":"USD"}'
    )
    return LogRecord(ORDERS, 0, 0, NOON // 1000, b"c-1", value, ())


async def nothing() -> None:
    return None


def a_lookup(store: StoreInMemory, now: str = "2017-06-03T12:00:00Z") -> Lookup:
    return Lookup(store, 1, lambda key: 0, lambda: parse_instant(now))
