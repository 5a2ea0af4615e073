"""Laws of the engine on fake ports: how little it keeps at hand, and how it cuts its work, changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from replay.run import run_log
from state.customer import decode_state, encode_state
from state.ledger import encode_entry
from state.meta import decode_meta
from state.outputs import Output
from tests.builders import Json, a_cancellation, a_record, an_order
from tests.engines import EngineBench, Sizes
from tests.histories import BEGIN_AT, LAW, histories, log_records, programs
from tests.product import program_of
from tests.scenario import PROGRAM
from tests.simulation.fake_store import FakeStore

SIZES = st.builds(Sizes, st.integers(0, 3), st.integers(1, 9), st.integers(1, 3))


@LAW
@given(programs(), histories("c-1", "c-2", "c-3"), SIZES)
def test_sizes_of_cache_batch_and_commit_change_nothing(program: Json, records: list[Json], sizes: Sizes) -> None:
    log = log_records(records)
    bench = EngineBench(program, log, sizes)
    asyncio.run(bench.work())
    run, shard = run_log(log, program_of(program)), bench.shard
    assert shard.states == {one: encode_state(state) for one, state in run.customers.states.items()}
    assert shard.ledgers == {
        one: {name: encode_entry(entry) for name, entry in ledger.entries.items() if entry is not None}
        for one, ledger in run.customers.ledgers.items()
    }
    assert of_each(bench.outputs) == of_each(run.outputs)
    assert shard.meta is not None
    assert decode_meta(shard.meta).counters == run.meta.counters


def test_with_nothing_at_hand_a_cancelled_last_order_loads_the_whole_ledger() -> None:
    values = [an_order("o-1"), an_order("o-2"), a_cancellation("o-2")]
    store = NotedStore()
    bench = EngineBench(
        PROGRAM, log_records([a_record(one, BEGIN_AT // 1000) for one in values]), Sizes(0, 1, 1), store
    )
    asyncio.run(bench.work())
    assert store.ledgers_loaded == ["c-1"]
    customer = decode_state(bench.shard.states["c-1"])
    assert (customer.orders, customer.spend_minor) == (1, 1250)


class NotedStore(FakeStore):
    """Notes whose ledger was loaded whole."""

    def __init__(self) -> None:
        super().__init__()
        self.ledgers_loaded: list[str] = []

    async def load_ledgers(self, partition: int, customer_ids: Sequence[str]) -> dict[str, dict[str, bytes]]:
        self.ledgers_loaded += customer_ids
        return await super().load_ledgers(partition, customer_ids)


def of_each(outputs: list[Output]) -> dict[bytes | None, list[Output]]:
    grouped: dict[bytes | None, list[Output]] = {}
    for output in outputs:
        grouped.setdefault(output.key, []).append(output)
    return grouped
