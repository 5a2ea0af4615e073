"""The trainer as a process: what it publishes is a fold of the samples topic, whoever was killed meanwhile."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from random import Random

import pytest
from aiokafka import AIOKafkaProducer

from models.settings import LearningSettings
from models.trainer import Trainer
from schemas.samples import SampleSlice, decode_slice, encode_slice
from schemas.snapshot import Snapshot, decode_snapshot, encode_snapshot
from schemas.topics import MODELS, SAMPLES
from tests.integration.installation import Installation
from tests.integration.shop import a_shop
from tests.integration.trainer_process import a_trainer
from tests.integration.worker_process import WorkerProcess
from tests.servers import NewKafka, ValkeyServer
from tests.unit.models.building import DAY, folded, slices

SETTINGS = LearningSettings(k=4, warm_up_days=3, reservoir_customers=150, learn_every=2)
PUBLISHED = " customers until "
"""What a trainer says of each model once it is published."""


def a_history(days: int, seed: int) -> list[SampleSlice]:
    """Two partitions out of step, each customer once a day, in slices of 20."""
    random, found = Random(seed), []
    for day, whole in enumerate(slices(days, seed=seed)):
        parts = [
            SampleSlice(partition=number % 2, at=day * DAY + number, rows=whole.rows[number * 20 : number * 20 + 20])
            for number in range(10)
        ]
        random.shuffle(parts)
        found += parts
    return found


async def sampled(installation: Installation, history: list[SampleSlice], a_second: int) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=installation.kafka)
    await producer.start()
    began_at = time.monotonic()
    for number, one in enumerate(history):
        await producer.send_and_wait(installation.prefix + SAMPLES, encode_slice(one), partition=0)
        await asyncio.sleep(max(0.0, began_at + number / a_second - time.monotonic()))
    await producer.stop()


async def published(installation: Installation) -> list[bytes]:
    return [record.value or b"" for record in await installation.read(MODELS, 0)]


async def expected(installation: Installation) -> list[Snapshot]:
    records = await installation.read(SAMPLES, 0)
    return folded(Trainer(SETTINGS), ((one.offset, decode_slice(one.value or b"")) for one in records))


async def assert_published_is_the_fold(installation: Installation, within_seconds: float = 60) -> int:
    """Wait for the last snapshot; all must be there in their order, none twice."""
    fold = [encode_snapshot(snapshot) for snapshot in await expected(installation)]
    gives_up_at = time.monotonic() + within_seconds
    while len(found := await published(installation)) < len(fold):
        assert time.monotonic() < gives_up_at, f"{len(found)} of {len(fold)}: {said(installation)}"
        await asyncio.sleep(0.3)
    await asyncio.sleep(0.5)
    assert await published(installation) == fold
    return len(fold)


async def all_sampled(installation: Installation, within_seconds: float = 60) -> None:
    """Wait until everybody is sampled in the last day of each partition's clock: that goes on while workers rest."""
    days = {meta.partition: meta.clock_at // DAY for meta in await installation.metas()}
    gives_up_at, swept = time.monotonic() + within_seconds, dict[int, int]()
    while swept != days:
        assert time.monotonic() < gives_up_at, f"days {swept} are sampled, not {days}: {said(installation)}"
        await asyncio.sleep(0.3)
        slices_sent = [decode_slice(record.value or b"") for record in await installation.read(SAMPLES, 0)]
        swept = {one.partition: one.at // DAY for one in slices_sent if one.is_last}


def said(installation: Installation) -> str:
    return "\n".join(one.said[-2000:] for one in installation.workers)


@pytest.mark.timeout(120)
async def test_workers_sample_and_a_trainer_learns(installation: Installation) -> None:
    worker, trainer = installation.start_worker(), a_trainer(installation, SETTINGS)
    await installation.produce(a_shop(6_000, seed=5, customers=300), a_second=1000)
    await installation.await_rest()
    await all_sampled(installation)
    assert await assert_published_is_the_fold(installation) >= 3
    last = decode_snapshot((await published(installation))[-1])
    assert last.customers > 250
    assert sum(cluster.share for cluster in last.clusters) == pytest.approx(1)
    assert "customers until 2017-03-" in trainer.said
    assert [worker.terminate(), trainer.terminate()] == [0, 0]


@pytest.mark.timeout(180)
async def test_a_trainer_killed_while_it_learns_goes_on_as_if_it_had_not(installation: Installation) -> None:
    random, trainer = Random(3), a_trainer(installation, SETTINGS)
    producing = asyncio.create_task(sampled(installation, a_history(110, seed=3), a_second=30))
    for _ in range(5):
        await the_active(installation, [trainer])
        await asyncio.sleep(random.uniform(0, 0.3))
        trainer.kill()
        trainer.start()
    await producing
    assert await assert_published_is_the_fold(installation) >= 100
    assert trainer.terminate() == 0
    assert trainer.said.count("going on after model") == 6


@pytest.mark.timeout(180)
async def test_of_two_trainers_one_publishes_also_after_the_other_slept(installation: Installation) -> None:
    trainers = [a_trainer(installation, SETTINGS), a_trainer(installation, SETTINGS)]
    producing = asyncio.create_task(sampled(installation, a_history(90, seed=4), a_second=30))
    for turn in range(3):
        active = await the_active(installation, trainers)
        active.pause()
        await the_active(installation, [one for one in trainers if one is not active])
        active.go_on()
        await asyncio.sleep(0.5 * turn)
    (await the_active(installation, trainers)).kill()
    await producing
    assert await assert_published_is_the_fold(installation) >= 80
    assert "Traceback" not in said(installation)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"kafka": "127.0.0.1:1"}, "Kafka at 127.0.0.1:1 does not answer"),
        (
            {"topic_prefix": "elsewhere."},
            "samples.v1 does not exist. Create it: tierline topics create",
        ),
    ],
    ids=["kafka", "topics"],
)
async def test_what_is_missing_at_the_start_is_named_in_one_line(
    installation: Installation, wrong: dict[str, object], told: str
) -> None:
    trainer = a_trainer(installation, SETTINGS, start_patience_seconds=1, **wrong)
    assert trainer.process is not None
    assert await asyncio.to_thread(trainer.process.wait, 40) == 1, trainer.said
    assert told in trainer.said
    assert "Traceback" not in trainer.said


@pytest.mark.timeout(120)
async def test_a_kafka_that_goes_away_is_waited_for_and_does_not_hold_up_the_end(
    valkey: ValkeyServer, new_kafka: NewKafka, unique_name: str, tmp_path: Path
) -> None:
    server = new_kafka()
    installation = Installation(unique_name, server.bootstrap, valkey.url, tmp_path)
    installation.create_topics()
    trainer, history = a_trainer(installation, SETTINGS), a_history(30, seed=6)
    try:
        await sampled(installation, history[:100], a_second=200)
        server.kill()
        await asyncio.sleep(3)
        server.start()
        await sampled(installation, history[100:], a_second=200)
        assert await assert_published_is_the_fold(installation) >= 25
        server.kill()
        await asyncio.sleep(1)
        assert trainer.terminate(30) == 0
        assert "Traceback" not in trainer.said
    finally:
        installation.stop_workers()


async def the_active(installation: Installation, trainers: list[WorkerProcess]) -> WorkerProcess:
    """Wait until one of them publishes."""
    before = [one.said.count(PUBLISHED) for one in trainers]
    gives_up_at = time.monotonic() + 60
    while True:
        for count, one in zip(before, trainers, strict=True):
            if one.said.count(PUBLISHED) > count:
                return one
        assert time.monotonic() < gives_up_at, said(installation)
        await asyncio.sleep(0.05)
