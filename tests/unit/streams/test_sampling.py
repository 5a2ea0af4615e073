"""The sweep for the trainer: everybody once a day, in slices, as they stand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import cast

import pytest
from aiokafka import AIOKafkaProducer
from msgspec.structs import replace

from schemas.features import sampling_key
from schemas.samples import (
    SAMPLES_FORMAT,
    NewerSamplesError,
    Sample,
    SampleSlice,
    UnreadableSamplesError,
    decode_slice,
    encode_slice,
)
from state.in_force import Models
from state.score import model_of
from streams import sampling
from streams.partition import PartitionEngine
from streams.sampling import SampleTopic
from tests.builders import a_record, an_order
from tests.engines import EngineBench, Sizes
from tests.histories import BEGIN_AT, log_records
from tests.scenario import PROGRAM
from tests.unit.models.building import a_snapshot

DAY = 86_400_000_000
CUSTOMERS = 1_200


class Sent:
    """A producer that keeps what it is given."""

    def __init__(self) -> None:
        self.slices: list[SampleSlice] = []
        self.is_down = False
        self.after_first: Callable[[], None] = lambda: None

    async def send(self, topic: str, value: bytes, key: bytes, partition: int) -> asyncio.Future[None]:
        assert (topic, partition) == ("x.loyalty.samples.v1", 0)
        samples = decode_slice(value)
        assert key == str(samples.partition).encode()
        if self.is_down:
            await asyncio.sleep(3600)
        self.slices.append(samples)
        if len(self.slices) == 1:
            self.after_first()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    def topic(self) -> SampleTopic:
        return SampleTopic(cast("AIOKafkaProducer", self), "x.")

    def rows(self) -> list[Sample]:
        return [row for samples in self.slices for row in samples.rows]


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(sampling, "PAUSE_FACTOR", 0)


async def a_shop(cached: int = 100) -> PartitionEngine:
    """Customers with one order each, most of them not at hand."""
    orders = [an_order(f"o-{number}", customer_id=f"c-{number}") for number in range(CUSTOMERS)]
    log = log_records([a_record(one, BEGIN_AT // 1000) for one in orders])
    return await EngineBench(PROGRAM, log, Sizes(cached_customers=cached)).work()


@pytest.mark.parametrize("cached", [0, 100, 10_000])
async def test_everyone_comes_once_in_slices_whoever_is_at_hand(cached: int) -> None:
    engine, sent = await a_shop(cached), Sent()
    await sent.topic().sweep(engine)
    assert sorted(row.customer_id for row in sent.rows()) == sorted(f"c-{number}" for number in range(CUSTOMERS))
    assert {(row.recency_days, row.frequency, row.monetary_minor, row.tenure_days) for row in sent.rows()} == {
        (0, 1, 1250, 0)
    }
    assert all(len(samples.rows) <= 500 and samples.at == engine.fold.meta.clock_at for samples in sent.slices)
    assert [samples.is_last for samples in sent.slices] == [False] * (len(sent.slices) - 1) + [True]
    assert engine.observed.samples == CUSTOMERS


async def test_the_end_of_a_sweep_is_of_the_day_that_it_began_on() -> None:
    engine, sent = await a_shop(), Sent()
    began_at = engine.fold.meta.clock_at
    sent.after_first = lambda: setattr(engine.fold.meta, "clock_at", began_at + 3 * DAY)
    await sent.topic().sweep(engine)
    assert sent.slices[-1] == SampleSlice(partition=engine.partition, at=began_at, rows=())
    assert {samples.at for samples in sent.slices[:-1]} == {began_at, began_at + 3 * DAY}


async def test_a_sweep_that_found_nobody_says_nothing() -> None:
    engine, sent = await a_shop(), Sent()
    model = model_of(3, replace(a_snapshot(), sample_below=0))
    engine.fold._programs = engine.fold.programs.__class__(engine.fold.programs.current, models=Models(model))
    await sent.topic().sweep(engine)
    assert sent.slices == []


async def test_only_those_come_whom_the_model_asks_for() -> None:
    engine, sent = await a_shop(), Sent()
    keys = sorted(sampling_key(f"c-{number}") for number in range(CUSTOMERS))
    model = model_of(3, replace(a_snapshot(), sample_below=keys[100]))
    engine.fold._programs = engine.fold.programs.__class__(engine.fold.programs.current, models=Models(model))
    await sent.topic().sweep(engine)
    assert sorted(sampling_key(row.customer_id) for row in sent.rows()) == keys[:100]


async def test_a_sweep_leaves_what_is_at_hand_alone() -> None:
    engine, sent = await a_shop(), Sent()
    before = dict(engine.customers._states)
    await sent.topic().sweep(engine)
    assert list(engine.customers._states.items()) == list(before.items())


async def test_days_that_were_skipped_are_not_made_good_for() -> None:
    engine, sent = await a_shop(), Sent()
    sweeping = asyncio.create_task(sent.topic().sample_daily(engine))
    await swept(engine, 1)
    assert len(sent.rows()) == CUSTOMERS
    engine.fold.meta.clock_at += 9 * DAY
    await swept(engine, 2)
    assert len(sent.rows()) == 2 * CUSTOMERS
    assert {row.recency_days for row in sent.rows()} == {0, 9}
    await asyncio.sleep(3 * sampling.LOOK_EVERY_SECONDS)
    assert len(sent.rows()) == 2 * CUSTOMERS, "one sweep a day"
    sweeping.cancel()


async def test_samples_that_cannot_be_sent_are_lost_and_stop_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sampling, "DELIVERY_SECONDS", 0.01)
    engine, sent = await a_shop(), Sent()
    sent.is_down = True
    sweeping = asyncio.create_task(sent.topic().sample_daily(engine))
    await asyncio.sleep(5 * 0.01 + sampling.LOOK_EVERY_SECONDS)
    assert "samples are lost until tomorrow" in caplog.text
    sent.is_down = False
    engine.fold.meta.clock_at += DAY
    await swept(engine, 1)
    sweeping.cancel()


async def swept(engine: PartitionEngine, times: int) -> None:
    gives_up_at = time.monotonic() + 20
    while engine.observed.samples < times * CUSTOMERS:
        assert time.monotonic() < gives_up_at
        await asyncio.sleep(0.01)


def test_a_slice_survives_its_bytes_and_what_is_none_is_refused_by_what_to_do() -> None:
    samples = SampleSlice(partition=3, at=5, rows=(Sample("ü", 1, 2, 300, 4),))
    assert decode_slice(encode_slice(samples)) == samples
    of_old = decode_slice(b'{"format":2,"partition":3,"at":5,"rows":[]}')
    assert of_old.is_last, "which says that the days before are over"
    for nonsense in (b"{}", b"no", b'{"format":1,"rows":[]}'):
        with pytest.raises(UnreadableSamplesError):
            decode_slice(nonsense)
    for newer in (replace(samples, format=SAMPLES_FORMAT + 1),):
        with pytest.raises(NewerSamplesError, match="run the newer one"):
            decode_slice(encode_slice(newer))
    with pytest.raises(NewerSamplesError):
        decode_slice(b'{"format":%d,"else":1}' % (SAMPLES_FORMAT + 1))
