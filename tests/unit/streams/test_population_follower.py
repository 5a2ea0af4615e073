"""The thread behind look-alikes: it tries again by itself, answers meanwhile, and drops who is gone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Set
from contextlib import asynccontextmanager
from typing import Any, cast

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from models.population import Population, population_of
from models.sample_table import SampleTable
from schemas.samples import SampleSlice, encode_slice
from schemas.snapshot import encode_snapshot
from streams import population_follower
from streams.population_follower import PopulationFollower
from streams.population_reader import PopulationReader, samples_begin
from streams.ports import LogUnavailableError
from tests.unit.models.building import DAY, a_snapshot, slices
from tests.unit.models.test_lookalikes import a_sample


def a_population(version: int = 1) -> Population:
    table = SampleTable()
    for one in slices(2):
        table.take(one)
    return population_of(version, a_snapshot(), table)


class FakeReader:
    """Says what it is told to."""

    def __init__(self) -> None:
        self.told: list[Population | None] = []
        self.gone: set[str] = set()
        self.fails = False

    def population(self) -> Population | None:
        return self.told.pop() if self.told else None

    def forget(self, customer_ids: Set[str]) -> None:
        self.gone |= customer_ids

    def missing(self) -> str:
        return "no model"

    async def look(self) -> None:
        if self.fails:
            raise LogUnavailableError("Kafka is gone")
        await asyncio.sleep(0.005)


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> FakeReader:
    made = FakeReader()

    @asynccontextmanager
    async def opened(*_: object) -> AsyncIterator[FakeReader]:
        if made.fails:
            raise LogUnavailableError("Kafka is gone")
        yield made

    monkeypatch.setattr(population_follower, "population_reader", opened)
    monkeypatch.setattr(population_follower, "RETRY_SECONDS", 0.01)
    return made


def until(holds: Callable[[], bool]) -> None:
    gives_up_at = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < gives_up_at
        time.sleep(0.005)


def test_it_says_what_is_missing_tries_again_and_keeps_what_it_has(reader: FakeReader) -> None:
    reader.fails = True
    follower = PopulationFollower({}, "")
    assert follower.missing.startswith("This API is still reading")
    follower.start()
    until(lambda: "Kafka is gone" in follower.missing)
    reader.fails = False
    until(lambda: follower.missing == "no model")
    first, second = a_population(1), a_population(2)
    reader.told = [first]
    until(lambda: follower.population is first)
    reader.fails = True
    time.sleep(0.05)
    assert follower.population is first, "what is known goes on answering"
    reader.told, reader.fails = [second], False
    until(lambda: follower.population is second)
    follower.forget("c-1")
    until(lambda: reader.gone == {"c-1"})
    follower.stop()


class FakeConsumer:
    """Gives what comes, look by look."""

    def __init__(self) -> None:
        self.coming: list[dict[object, list[Any]]] = []

    async def getmany(self, **_: object) -> dict[object, list[Any]]:
        return self.coming.pop(0) if self.coming else {}


class FakeRecord:
    def __init__(self, offset: int, value: bytes) -> None:
        self.offset, self.value = offset, value


async def test_everybody_is_built_anew_for_a_model_and_when_a_sweep_is_over(caplog: pytest.LogCaptureFixture) -> None:
    consumer = FakeConsumer()
    reader = PopulationReader(cast("AIOKafkaConsumer", consumer), "p.")
    samples, models = TopicPartition("p.loyalty.samples.v1", 0), reader._models

    async def look(**coming: bytes) -> Population | None:
        places = {"samples": samples, "models": models}
        consumer.coming = [{places[name]: [FakeRecord(len(value), value)] for name, value in coming.items()}]
        await reader.look()
        return reader.population()

    assert await look(samples=encoded(1, "c-1", "c-2")) is None
    assert "No model has been published yet on p.loyalty.models.v1" in reader.missing()
    first = await look(models=encode_snapshot(a_snapshot()))
    assert first is not None
    assert first.sampled.ids == ["c-1", "c-2"]
    assert await look(samples=encoded(2, "c-1")) is None, "a sweep is coming in"
    second = await look()
    assert second is not None
    assert await look() is None, "nothing new"
    reader.forget({"c-2"})
    third = await look()
    assert third is not None
    assert (len(first.lookalikes), third.sampled.ids) == (2, ["c-1"])
    assert await look(samples=b"{") is None
    assert "is left out" in caplog.text


def test_a_week_of_samples_is_read_whatever_the_trainer_reads_and_whatever_was_rolled_back() -> None:
    offsets = [(day, max(0, day - 28) * 10, day * 10) for day in range(60)]
    daily = [
        msgspec.structs.replace(a_snapshot(), trained_at=day * DAY, samples_from=began, samples_until=until)
        for day, began, until in offsets
    ]
    assert samples_begin(daily) == 520
    assert samples_begin([*daily, daily[3]]) == 520
    assert samples_begin(daily[-3:]) == 310
    assert samples_begin([]) == 0


def encoded(day: int, *ids: str) -> bytes:
    return encode_slice(SampleSlice(partition=0, at=day * DAY, rows=tuple(a_sample(one) for one in ids)))
