"""The customer-state topic: the read model of whoever changed, latest value; outside of exactly-once."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from aiokafka import AIOKafkaProducer

from schemas.instants import Instant
from schemas.topics import CUSTOMER_STATE
from state.customer import decode_state
from state.errors import LedgerNeeded
from state.ledger import Ledger, decode_entry
from state.read_model import read_model
from state.store import Dirty
from streams.partition import PartitionEngine
from streams.waiting import in_time

CUSTOMERS_A_ROUND: Final = 500
ROUNDS_MAX: Final = 1000
_encoder = msgspec.json.Encoder()


class StateTopic:
    """Publishes the dirty customers of any partition over one plain producer."""

    def __init__(
        self, producer: AIOKafkaProducer, topic_prefix: str, now: Callable[[PartitionEngine], Instant]
    ) -> None:
        self._producer = producer
        self._topic = topic_prefix + CUSTOMER_STATE
        self._now = now

    async def publish_all(self, engine: PartitionEngine) -> None:
        """Send everyone who is dirty, until there is none or work goes on."""
        step = engine.committed_step
        for _ in range(ROUNDS_MAX):
            if engine.committed_step > step or not await self.publish(engine):
                return

    async def publish(self, engine: PartitionEngine) -> int:
        """Send up to 500 read models (null for an erased customer); return how many."""
        dirty = await engine.ports.store.dirty(engine.partition, CUSTOMERS_A_ROUND)
        if not dirty:
            return 0
        values = [await self._value(engine, one) for one in dirty]
        await in_time(self._send(engine.partition, dirty, values), "publishing read models")
        await engine.ports.store.clean(engine.partition, dirty)
        return len(dirty)

    async def _value(self, engine: PartitionEngine, dirty: Dirty) -> bytes | None:
        if dirty.state is None:
            return None
        customer, programs = decode_state(dirty.state), engine.fold.programs
        as_of = max(self._now(engine), customer.now_at)
        try:
            return _encoder.encode(read_model(customer, programs, as_of))
        except LedgerNeeded:
            return _encoder.encode(read_model(customer, programs, as_of, await _ledger(engine, dirty.customer_id)))

    async def _send(self, partition: int, dirty: Sequence[Dirty], values: Sequence[bytes | None]) -> None:
        sent = [
            await self._producer.send(self._topic, value, one.customer_id.encode(), partition)
            for one, value in zip(dirty, values, strict=True)
        ]
        for future in sent:
            await future


async def _ledger(engine: PartitionEngine, customer_id: str) -> Ledger:
    fields = (await engine.ports.store.load_ledgers(engine.partition, [customer_id]))[customer_id]
    return Ledger({name: decode_entry(name, value) for name, value in fields.items()}, complete=True)
