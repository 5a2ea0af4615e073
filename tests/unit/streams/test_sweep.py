"""The sweep of an adoption: in slices, orders in between, and going on where another worker stopped."""

import asyncio
from random import Random

from schemas.journal import ModelAdoption, Tick
from state.customer import decode_state
from state.meta import PartitionMeta, decode_meta
from state.score import model_of
from state.store import Scanned
from streams.ingest import ingest
from streams.partition import PartitionEngine
from streams.relay import relay
from streams.sweep import SLICE_FACTOR, TICK_PART, sweep
from tests.builders import a_record, an_order
from tests.engines import EngineBench, Sizes
from tests.histories import BEGIN_AT, log_records
from tests.scenario import PROGRAM
from tests.simulation.books import journalled
from tests.simulation.fake_store import FakeStore
from tests.snapshots import random_snapshot

CUSTOMERS, A_COMMIT = 40, 8
A_TICK = A_COMMIT // TICK_PART


class NotedStore(FakeStore):
    """Notes how many customers each read of many returned."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[int] = []

    async def scan_from(self, partition: int, place: int, limit: int) -> Scanned:
        found = await super().scan_from(partition, place, limit)
        self.read.append(len(found.due))
        return found

    async def due(self, partition: int, until_at: int, limit: int) -> list[tuple[int, str]]:
        found = await super().due(partition, until_at, limit)
        self.read.append(len(found))
        return found


async def _with_adopted_model(store: FakeStore) -> tuple[EngineBench, PartitionEngine]:
    """Return an installation of 40 customers which has just adopted its first model."""
    orders = [an_order(f"o-{one}", customer_id=f"c-{one}") for one in range(CUSTOMERS)]
    log = log_records([a_record(order, BEGIN_AT // 1000) for order in orders])
    bench = EngineBench(PROGRAM, log, Sizes(customers_a_commit=A_COMMIT), store)
    engine = await bench.work()
    bench.kafka.models[0] = model_of(0, random_snapshot(Random(1)))
    while engine.fold.meta.model < 0:
        await sweep(engine)
    return bench, engine


def _meta(bench: EngineBench) -> PartitionMeta:
    assert bench.shard.meta is not None
    return decode_meta(bench.shard.meta)


async def _ticks(engine: PartitionEngine, count: int) -> None:
    """Sweep until so many ticks are committed."""
    until = engine.committed_step + count
    while engine.committed_step < until:
        assert await sweep(engine)


def test_no_call_between_two_rounds_of_orders_looks_at_everyone() -> None:
    async def run() -> None:
        store = NotedStore()
        bench, engine = await _with_adopted_model(store)
        store.read.clear()
        while engine.fold.meta.sweeps_to is not None:
            reads, step = len(store.read), engine.committed_step
            assert await sweep(engine)
            assert len(store.read) <= reads + 1
            assert engine.committed_step <= step + 1
        assert max(store.read) == SLICE_FACTOR * A_COMMIT < CUSTOMERS
        assert all(decode_state(blob).model_version == 0 for blob in bench.shard.states.values())

    asyncio.run(run())


def test_another_worker_goes_on_with_the_sweep_where_it_was() -> None:
    async def run() -> None:
        bench, engine = await _with_adopted_model(FakeStore())
        await _ticks(engine, 12)
        assert _meta(bench).swept_upto
        await relay(engine)
        engine = await bench.claim()
        left = sum(decode_state(blob).model_version != 0 for blob in bench.shard.states.values())
        assert left == CUSTOMERS - 12 * A_TICK
        while await ingest(engine) or await sweep(engine) or await relay(engine):
            pass
        steps, _ = journalled(bench.kafka)
        adopted = steps.index(next(step for step in steps if isinstance(step, ModelAdoption)))
        ticks = [step for step in steps[adopted:] if isinstance(step, Tick)]
        assert len(ticks) == CUSTOMERS / A_TICK
        assert [tick.upto for tick in ticks[:-1]] == sorted({str(tick.upto) for tick in ticks[:-1]})
        assert (ticks[-1].upto, _meta(bench).swept_upto, _meta(bench).sweeps_to) == (None, "", None)
        assert all(decode_state(blob).model_version == 0 for blob in bench.shard.states.values())

    asyncio.run(run())
