"""The real engine on fake ports, from a log to what store and topics hold at its end."""

from __future__ import annotations

import itertools
from asyncio import Lock
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from schemas.record import LogRecord
from state.outputs import Output
from streams.claim import claim
from streams.ingest import ingest
from streams.observed import Observed
from streams.partition import PartitionEngine, Work
from streams.ports import Ports
from streams.relay import relay
from streams.sweep import sweep
from tests.builders import Json
from tests.product import program_of
from tests.simulation.fake_kafka import FakeInputs, FakeKafka, FakeModels, FakeOutputs
from tests.simulation.fake_store import FakeStore, Shard

if TYPE_CHECKING:
    from streams.tracing import PartitionTracing


@dataclass(frozen=True)
class Sizes:
    """What an operator, or the machine, may choose."""

    cached_customers: int = 100
    records_a_round: int = 100
    customers_a_commit: int = 100


class EngineBench:
    """One partition of an installation whose ports never pause and never fail; time ends with its log."""

    def __init__(
        self,
        program: Json,
        log: list[LogRecord],
        sizes: Sizes = Sizes(),
        store: FakeStore | None = None,
        new_tracing: Callable[[int], PartitionTracing] | None = None,
    ) -> None:
        self.kafka, self.store = FakeKafka(), store or FakeStore()
        for record in log:
            self.kafka.inputs[record.topic].append(record)
        inputs = FakeInputs(self.kafka, _no_pause, Random(0), lambda: 0)
        inputs.is_calm = True
        tokens = itertools.count(1)
        outputs = FakeOutputs(self.kafka, _no_pause)
        self.models = FakeModels(self.kafka, _no_pause, Random(0))
        tokens_of, no_time = (lambda: str(next(tokens))), (lambda: 0)
        self._ports = Ports(self.store, inputs, outputs, self.models, Lock, tokens_of, no_time, new_tracing)
        self._work = _work_of(program, sizes)

    @property
    def shard(self) -> Shard:
        """What the store holds."""
        return self.store.shard(0)

    @property
    def outputs(self) -> list[Output]:
        """What a `read_committed` reader sees."""
        return self.kafka.outputs

    async def claim(self, *, rebuild: bool = False) -> PartitionEngine:
        """Claim the partition, as another worker does."""
        return await claim(0, self._work, self._ports, Observed(), rebuild=rebuild)

    async def work(self, *, rebuild: bool = False) -> PartitionEngine:
        """Claim the partition and take everything; return the engine at rest."""
        engine = await self.claim(rebuild=rebuild)
        while engine.is_repeating or await ingest(engine) or await sweep(engine) or await relay(engine):
            if engine.is_repeating:
                await ingest(engine)
        return engine


def _work_of(program: Json, sizes: Sizes) -> Work:
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


async def _no_pause(_: str) -> None:
    return None
