"""Samples for the trainer: every customer of a partition once in each day of its clock, whoever ordered.

At most once: what is lost comes again a day later. Slices keep it off the order path.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Final

from aiokafka import AIOKafkaProducer
from msgspec.structs import astuple

from schemas.features import KEY_LIMIT, sampling_key
from schemas.instants import DAY_MICROSECONDS
from schemas.samples import Sample, SampleSlice, encode_slice
from schemas.topics import SAMPLES
from state.customer import CustomerState, decode_state
from state.fold import Fold
from state.standing import facts_of
from state.store import Wanted, scan
from streams.partition import PartitionEngine
from streams.ports import LogUnavailableError
from streams.waiting import in_time

CUSTOMERS_A_SLICE: Final = 500
LOOK_EVERY_SECONDS: Final = 0.1
DELIVERY_SECONDS = 15.0
PAUSE_SECONDS = 0.02
PAUSE_FACTOR = 9
"""After a slice comes a pause of so many times the time it ran: sampling takes a tenth of a worker at most."""

log = logging.getLogger("tierline.worker")


class SampleTopic:
    """Sends the samples of any partition over one plain producer."""

    def __init__(self, producer: AIOKafkaProducer, topic_prefix: str) -> None:
        self._producer = producer
        self._topic = topic_prefix + SAMPLES

    async def sample_daily(self, engine: PartitionEngine) -> None:
        """Sweep whenever a day of the partition's clock has begun; where days were skipped, the newest only."""
        observed, meta = engine.observed, engine.fold.meta
        while True:
            day = meta.clock_at // DAY_MICROSECONDS
            if engine.is_repeating or not meta.step or day == observed.sampled_day:
                await asyncio.sleep(LOOK_EVERY_SECONDS)
                continue
            try:
                await self.sweep(engine)
            except LogUnavailableError as error:
                log.warning("partition %d: samples are lost until tomorrow: %s", engine.partition, error)
            observed.sampled_day, observed.last_sampled_at = day, time.monotonic()

    async def sweep(self, engine: PartitionEngine) -> None:
        """Send everyone once, slice by slice, and when that is done. Raises LogUnavailableError, and as the store does.
        """
        began_at, sampled = engine.fold.meta.clock_at, engine.observed.samples
        seconds = engine.observed.stage_seconds
        async for customer_ids in scan(engine.ports.store, engine.partition, CUSTOMERS_A_SLICE):
            for start in range(0, len(customer_ids), CUSTOMERS_A_SLICE):
                before = seconds.get("sample", 0.0)
                part = customer_ids[start : start + CUSTOMERS_A_SLICE]
                await engine.observed.worked("sample", self._send(engine, part))
                await asyncio.sleep(max(PAUSE_SECONDS, PAUSE_FACTOR * (seconds["sample"] - before)))
        if engine.observed.samples > sampled:
            await self._deliver(SampleSlice(partition=engine.partition, at=began_at, rows=()))

    async def _send(self, engine: PartitionEngine, customer_ids: Sequence[str]) -> None:
        wanted = _wanted(engine, customer_ids)
        customers = engine.customers.at_hand(wanted)
        absent = [one for one in wanted if one not in customers]
        if absent:
            loaded = await engine.ports.store.load(engine.partition, Wanted(absent))
            customers |= {one: decode_state(blob) for one, blob in loaded.states.items() if blob is not None}
        samples = slice_of(engine.fold, [one for one in customers.values() if one is not None])
        if not samples.rows:
            return
        await self._deliver(samples)
        engine.observed.samples += len(samples.rows)

    async def _deliver(self, samples: SampleSlice) -> None:
        key, value = str(samples.partition).encode(), encode_slice(samples)
        await in_time(self._acknowledged(key, value), "sending samples", DELIVERY_SECONDS)

    async def _acknowledged(self, key: bytes, value: bytes) -> None:
        await (await self._producer.send(self._topic, value, key, partition=0))


def slice_of(fold: Fold, customers: Sequence[CustomerState]) -> SampleSlice:
    """Return what the partition's clock sees of them now, not the last slice; who has no order that counts is left out.
    """
    at = fold.meta.clock_at
    today = fold.programs.current.day_of(at)
    rows = []
    for customer in customers:
        facts = facts_of(customer, today)
        if facts is not None:
            rows.append(Sample(customer.customer_id, *astuple(facts)))
    return SampleSlice(partition=fold.meta.partition, at=at, rows=tuple(rows), is_last=False)


def _wanted(engine: PartitionEngine, customer_ids: Sequence[str]) -> Sequence[str]:
    """Return those whom the model in force still asks for: of very many customers it learns from a fair part."""
    model = engine.fold.programs.models.current
    below = KEY_LIMIT if model is None else model.snapshot.sample_below
    if below >= KEY_LIMIT:
        return customer_ids
    return [one for one in customer_ids if sampling_key(one) < below]
