"""What look-alikes cost beside a million customers: reading the samples, building the tree, one look-up, memory.

Run as `python -m bench.lookalikes`: a process of its own, so that its memory is its own. The states that a look-up
reads are real ones in Valkey; each stands for many of the sampled customers: Redis finds one as fast among many.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Final

import numpy as np

from bench.in_process import learnt_from
from bench.log import bench_log
from models.population import Population, population_of
from models.portraits import portrait_of_all
from models.sample_table import SampleTable
from schemas.features import CustomerFacts
from schemas.journal import Start
from schemas.program import Program
from schemas.samples import Sample, SampleSlice, decode_slice, encode_slice
from schemas.snapshot import Snapshot
from schemas.topics import INPUTS
from state.customer import encode_state
from state.fold import Fold
from state.memory import CustomersInMemory
from state.meta import PartitionMeta, encode_meta
from state.redis_repository import RedisRepository
from state.segments import segment_rules_of
from storefront.lookalikes import lookalikes
from storefront.lookalikes_body import LookalikesView
from storefront.lookup import Lookup
from storefront.portraits import groups_of, portraits
from tierline.embedded import EmbeddedValkey
from tierline.wiring import partition_of

CUSTOMERS: Final = 1_000_000
ORDERS: Final = 20_000
LOOKUPS: Final = 2_000
PARTITIONS: Final = 8
SLICE: Final = 500
TWINS: Final = 0.3
"""So many bought once, at one price: the same features as many others, which a tree has to bear."""
WANTED_MS: Final = 20


class _Standing:
    """A population that stands still."""

    missing = ""

    def __init__(self, population: Population) -> None:
        self.population = population

    def forget(self, customer_id: str) -> None:
        """Nobody is ever gone here."""


def lookalikes_in_words(customers: int = CUSTOMERS) -> str:
    """Measure in a new process, and return the figures for a reader."""
    command = [sys.executable, "-m", "bench.lookalikes", "--customers", str(customers)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser("python -m bench.lookalikes", description="Measure look-alikes and portraits.")
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    print(asyncio.run(_measure(parser.parse_args().customers)))


async def _measure(customers: int) -> str:
    states, meta, snapshot = _states()
    ids = list(states)
    before_mib, table = _memory_mib(), SampleTable()
    read_seconds = 0.0
    for body in _bodies(customers, ids):
        began_at = time.perf_counter()
        table.take(decode_slice(body))
        read_seconds += time.perf_counter() - began_at
    began_at = time.perf_counter()
    population = population_of(1, snapshot, table)
    build_seconds, used_mib = time.perf_counter() - began_at, _memory_mib() - before_mib
    began_at = time.perf_counter()
    portraits(population, groups_of(population, segment_rules_of(Program().segments)), "USD")
    portrait_seconds = time.perf_counter() - began_at
    assert portrait_of_all(population.sampled.facts).customers == customers
    in_tree_ms = _tree_ms(population)
    whole_ms = await _whole_ms(population, states, meta, ids)
    verdict = "reached" if np.quantile(whole_ms, 0.99) <= WANTED_MS else "missed"
    return (
        f"- Beside {customers:,} sampled customers, of whom {TWINS:.0%} have many twins, three look-alikes take "
        f"{_quantiles(whole_ms)}, reading all candidates from {PARTITIONS} partitions in Valkey included; the tree "
        f"alone {_quantiles(in_tree_ms)}. Wanted at most {WANTED_MS} ms: {verdict} (p99).\n"
        f"- In the background: reading the samples takes {read_seconds:.1f} s, building the tree {build_seconds:.1f} "
        f"s, all portraits {portrait_seconds:.1f} s. Samples and tree take {used_mib * 2**20 / customers:.0f} bytes a "
        f"customer ({used_mib:,.0f} MiB)."
    )


def _states() -> tuple[dict[str, bytes], PartitionMeta, Snapshot]:
    """Return customers' stored states, their partition, and a model that was learnt from them."""
    customers, meta = CustomersInMemory(), PartitionMeta()
    fold = Fold(meta, customers)
    fold.start(Start(None, dict.fromkeys(INPUTS, 0), {}, Program().canonical_json()))
    records = bench_log(ORDERS, 1).records
    for record in records:
        fold.apply(fold.admit(record))
    states = {one: encode_state(state) for one, state in customers.states.items() if state.orders}
    return states, meta, learnt_from(records, Program())


def _bodies(customers: int, ids: list[str]) -> Iterator[bytes]:
    """Yield samples whose ids begin with that of a customer whom Valkey knows."""
    random = Random(1)
    for start in range(0, customers, SLICE):
        rows = tuple(_sample(random, number, ids) for number in range(start, min(start + SLICE, customers)))
        yield encode_slice(SampleSlice(partition=0, at=0, rows=rows))


def _sample(random: Random, number: int, ids: list[str]) -> Sample:
    customer_id, days = f"{ids[number % len(ids)]}/{number}", random.randrange(365)
    if random.random() < TWINS:
        return Sample(customer_id, days, 1, 1_999, days)
    frequency = 1 + int(random.expovariate(0.1))
    spent = int(frequency * random.lognormvariate(8, 0.7))
    return Sample(customer_id, days, frequency, spent, days + random.randrange(400))


def _tree_ms(population: Population) -> list[float]:
    random, found = Random(2), []
    for _ in range(LOOKUPS):
        place = random.randrange(len(population.sampled.ids))
        recency, frequency, monetary, tenure = population.sampled.facts[place].tolist()
        facts = CustomerFacts(recency, frequency, monetary, tenure, 0, 0)
        began_at = time.perf_counter()
        population.lookalikes.nearest(facts, 8, population.sampled.ids[place])
        found.append((time.perf_counter() - began_at) * 1000)
    return found


async def _whole_ms(
    population: Population, states: dict[str, bytes], meta: PartitionMeta, ids: list[str]
) -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        valkey = EmbeddedValkey(Path(folder))
        valkey.start()
        try:
            repository = _KnownByTheirBeginning(valkey.url)
            await repository.store(states, meta)
            lookup = Lookup(repository, PARTITIONS, _partition, lambda: meta.clock_at)
            found = [await _one_ms(lookup, population, ids[number % len(ids)]) for number in range(LOOKUPS)]
            await repository.close()
        finally:
            valkey.stop()
    return found


async def _one_ms(lookup: Lookup, population: Population, customer_id: str) -> float:
    began_at = time.perf_counter()
    (asked,) = await lookup.members([customer_id])
    assert asked is not None, "its state was stored"
    body = await lookalikes(lookup, _Standing(population), population, customer_id, asked, 3)
    took_ms = (time.perf_counter() - began_at) * 1000
    assert len(LookalikesView.model_validate(body).lookalikes) == 3, body
    return took_ms


class _KnownByTheirBeginning(RedisRepository):
    """Finds a sampled customer's state under what stands before the slash."""

    async def store(self, states: dict[str, bytes], meta: PartitionMeta) -> None:
        """Put the states where their partitioner looks for them; every partition is as far as ``meta``."""
        for one, state in states.items():
            partition = _partition(one.encode())
            await self._command(partition, "SET", self._key(partition, f"c:{one}"), state)
        for partition in range(PARTITIONS):
            await self._command(partition, "HSET", self._key(partition, "meta"), "meta", encode_meta(meta))

    async def states(self, partition: int, customer_ids: Sequence[str]) -> list[bytes | None]:
        """Return the states that stand for these customers'."""
        return await super().states(partition, [_known(one) for one in customer_ids])


def _known(customer_id: str) -> str:
    return customer_id.partition("/")[0]


def _partition(key: bytes) -> int:
    return partition_of(_known(key.decode()).encode(), PARTITIONS)


def _quantiles(values: list[float]) -> str:
    median, p99 = np.quantile(values, (0.5, 0.99))
    return f"{median:.2f} ms (median; p99 {p99:.2f})"


def _memory_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096 / 2**20


if __name__ == "__main__":
    main()
