"""An operator goes back to an older model, or holds newer ones back, while workers and the trainer run."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from schemas.operator_records import is_of_operator
from schemas.snapshot import encode_snapshot
from schemas.topics import MODELS
from state.customer import decode_state
from state.redis_repository import RedisRepository
from state.store import Wanted
from tests.integration.commands import Done, tierline
from tests.integration.installation import Installation
from tests.integration.shop import a_shop
from tests.integration.test_trainer import SETTINGS, a_history, expected, sampled, the_active
from tests.integration.trainer_process import a_trainer
from tests.servers import KafkaServer, ValkeyServer
from tests.snapshots import random_snapshot


@pytest.fixture
def installation(kafka: KafkaServer, valkey: ValkeyServer, unique_name: str, tmp_path: Path) -> Iterator[Installation]:
    made = Installation(unique_name, kafka.bootstrap, valkey.url, tmp_path)
    made.create_topics()
    yield made
    made.stop_workers()


@pytest.mark.timeout(180)
async def test_every_partition_goes_back_and_stays_there_until_it_may_go_on(installation: Installation) -> None:
    random, worker = Random(3), installation.start_worker()
    await installation.produce(a_shop(1_500, seed=5, customers=200))
    await installation.await_rest()
    first = await installation.publish_model(random_snapshot(random))
    await adopted_everywhere(installation, first)
    segments = await segments_of(installation)
    second = await installation.publish_model(random_snapshot(random))
    await adopted_everywhere(installation, second)
    assert await segments_of(installation) != segments

    third = await asked(installation, "rollback", str(first))
    assert (third["rolled_back_to"], third["frozen"]) == (first, True)
    version = int(str(third["version"]))
    await adopted_everywhere(installation, version)
    assert await segments_of(installation) == segments

    fourth = await installation.publish_model(random_snapshot(random))
    await asyncio.sleep(3)
    assert {meta.model for meta in await installation.metas()} == {version}, "held back"
    assert (await asked(installation, "list"))["current"] == version
    assert (await asked(installation, "unfreeze"))["newest"] == fourth
    await adopted_everywhere(installation, fourth)

    assert (await asked(installation, "freeze"))["frozen_at"] == fourth
    fifth = await installation.publish_model(random_snapshot(random))
    worker.kill()
    worker.start()
    await installation.produce(a_shop(1_600, seed=6, customers=250))
    await installation.await_rest()
    assert {meta.model for meta in await installation.metas()} == {fourth}, "a worker that starts anew heeds it too"
    await asked(installation, "unfreeze")
    await adopted_everywhere(installation, fifth)
    assert worker.terminate() == 0
    assert "left out" not in worker.said
    assert await installation.assert_books() > 1_000


@pytest.mark.timeout(120)
async def test_the_trainer_learns_on_as_if_nobody_had_gone_back(installation: Installation) -> None:
    trainer, history = a_trainer(installation, SETTINGS), a_history(60, seed=3)
    for number in range(3):
        part = history[number * 150 : (number + 1) * 150]
        producing = asyncio.create_task(sampled(installation, part, a_second=45))
        await the_active(installation, [trainer])
        oldest = (await asked(installation, "list"))["versions"][0]["version"]  # type: ignore[index]
        await asked(installation, "rollback", str(oldest), *(["--go-on"] if number % 2 else []))
        trainer.kill()
        trainer.start()
        await producing
    await sampled(installation, history[450:], a_second=45)
    fold = [encode_snapshot(snapshot) for snapshot in await expected(installation)]
    gives_up_at = time.monotonic() + 40
    while len(found := await learnt(installation)) < len(fold):
        assert time.monotonic() < gives_up_at, f"{len(found)} of {len(fold)}: {trainer.said[-2000:]}"
        await asyncio.sleep(0.3)
    assert found == fold
    assert trainer.terminate() == 0


async def test_what_is_not_there_is_one_line(installation: Installation) -> None:
    assert told(await ran(installation, "freeze")).startswith("Error: There is no model on ")
    version = await installation.publish_model(random_snapshot(Random(1)))
    for command in (["show", "77"], ["rollback", "77"], ["compare", str(version), "77"]):
        assert told(await ran(installation, *command)).startswith("Error: There is no model 77 on ")
    assert "is the current one already" in told(await ran(installation, "rollback", str(version)))
    elsewhere = await ran(installation, "list", prefix="elsewhere.")
    assert (
        told(elsewhere) == "Error: Topic elsewhere.loyalty.models.v1 does not exist. Create it: tierline topics create"
    )


def told(done: Done) -> str:
    """What a failed command says, in its one line."""
    assert (done.code, done.out) == (1, "")
    (line,) = done.err.splitlines()
    return line


async def ran(installation: Installation, *arguments: str, prefix: str | None = None) -> Done:
    settings = {
        "TIERLINE_KAFKA": installation.kafka,
        "TIERLINE_NAME": installation.name,
        "TIERLINE_TOPIC_PREFIX": installation.prefix if prefix is None else prefix,
    }
    return await asyncio.to_thread(tierline, "models", *arguments, settings=settings)


async def asked(installation: Installation, *arguments: str) -> dict[str, object]:
    done = await ran(installation, *arguments, "--json")
    assert done.code == 0, done.err
    return dict(json.loads(done.out))


async def adopted_everywhere(installation: Installation, version: int) -> None:
    gives_up_at = time.monotonic() + 40
    while any((meta.model, meta.sweeps_to) != (version, None) for meta in await installation.metas()):
        assert time.monotonic() < gives_up_at, f"{version}: {[meta.model for meta in await installation.metas()]}"
        await asyncio.sleep(0.2)
    await installation.await_rest()


async def segments_of(installation: Installation) -> dict[str, object]:
    """Everybody's scores and rule segment: a cluster has a memory, which going back does not undo."""
    repository = RedisRepository(installation.redis_url, installation.name)
    found: dict[str, object] = {}
    for partition in range(installation.partitions):
        ids = list(await repository.customers(partition, limit=1_000_000))
        for blob in (await repository.load(partition, Wanted(ids))).states.values():
            assert blob is not None
            state = decode_state(blob)
            of = state.standing
            found[state.customer_id] = None if of is None else (of.r, of.f, of.m, of.rfm)
    await repository.close()
    return found


async def learnt(installation: Installation) -> list[bytes]:
    bodies = [record.value or b"" for record in await installation.read(MODELS, 0)]
    return [body for body in bodies if not is_of_operator(body)]
