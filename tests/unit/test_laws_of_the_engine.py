"""Laws of the engine on fake ports: how little it keeps at hand, and how it cuts its work, changes nothing."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from replay.run import run_log
from schemas.record import LogRecord
from state.customer import decode_state, encode_state
from state.ledger import encode_entry
from state.meta import decode_meta
from state.outputs import Output
from streams.claim import claim
from streams.ingest import ingest
from streams.observed import Observed
from streams.partition import Work
from streams.ports import Ports
from streams.relay import relay
from streams.sweep import sweep
from tests.builders import Json, a_cancellation, a_record, an_order
from tests.histories import BEGIN_AT, LAW, histories, log_records, programs
from tests.product import program_of
from tests.scenario import PROGRAM
from tests.simulation.fake_kafka import FakeInputs, FakeKafka, FakeOutputs
from tests.simulation.fake_store import FakeStore, Shard


@dataclass(frozen=True)
class Sizes:
    """What an operator, or the machine, may choose."""

    cached_customers: int
    records_a_round: int
    customers_a_commit: int


SIZES = st.builds(Sizes, st.integers(0, 3), st.integers(1, 9), st.integers(1, 3))


@LAW
@given(programs(), histories("c-1", "c-2", "c-3"), SIZES)
def test_sizes_of_cache_batch_and_commit_change_nothing(program: Json, records: list[Json], sizes: Sizes) -> None:
    log = log_records(records)
    shard, said = asyncio.run(worked(program, log, sizes))
    run = run_log(log, program_of(program))
    assert shard.states == {one: encode_state(state) for one, state in run.customers.states.items()}
    assert shard.ledgers == {
        one: {name: encode_entry(entry) for name, entry in ledger.entries.items() if entry is not None}
        for one, ledger in run.customers.ledgers.items()
    }
    assert of_each(said) == of_each(run.outputs)
    assert shard.meta is not None
    assert decode_meta(shard.meta).counters == run.meta.counters


def test_with_nothing_at_hand_a_cancelled_last_order_loads_the_whole_ledger() -> None:
    values = [an_order("o-1"), an_order("o-2"), a_cancellation("o-2")]
    log = log_records([a_record(value, BEGIN_AT // 1000) for value in values])
    store = NotedStore()
    shard, _ = asyncio.run(worked(PROGRAM, log, Sizes(0, 1, 1), store))
    assert store.ledgers_loaded == ["c-1"]
    customer = decode_state(shard.states["c-1"])
    assert (customer.orders, customer.spend_minor) == (1, 1250)


class NotedStore(FakeStore):
    """Notes whose ledger was loaded whole."""

    def __init__(self) -> None:
        super().__init__()
        self.ledgers_loaded: list[str] = []

    async def load_ledger(self, partition: int, customer_id: str) -> dict[str, bytes]:
        self.ledgers_loaded.append(customer_id)
        return await super().load_ledger(partition, customer_id)


async def worked(
    program: Json, log: list[LogRecord], sizes: Sizes, store: FakeStore | None = None
) -> tuple[Shard, list[Output]]:
    """Return what store and topics hold when an engine has taken the log and time has reached its end."""
    kafka, store, tokens = FakeKafka(), store or FakeStore(), itertools.count(1)
    for record in log:
        kafka.inputs[record.topic].append(record)
    inputs = FakeInputs(kafka, no_pause, Random(0), lambda: 0)
    inputs.is_calm = True
    ports = Ports(store, inputs, FakeOutputs(kafka, no_pause), asyncio.Lock, lambda: str(next(tokens)), lambda: 0)
    engine = await claim(0, work_of(program, sizes), ports, Observed())
    while await ingest(engine) or await sweep(engine) or await relay(engine):
        continue
    return store.shard(0), kafka.outputs


def work_of(program: Json, sizes: Sizes) -> Work:
    rules = program_of(program)
    return Work(
        rules.canonical_json(),
        rules.version,
        uses_wall_clock=False,
        tick_delay_us=0,
        records_a_round=sizes.records_a_round,
        customers_a_commit=sizes.customers_a_commit,
        cached_customers_max=sizes.cached_customers,
    )


async def no_pause(_: str) -> None:
    return None


def of_each(outputs: list[Output]) -> dict[bytes | None, list[Output]]:
    grouped: dict[bytes | None, list[Output]] = {}
    for output in outputs:
        grouped.setdefault(output.key, []).append(output)
    return grouped
