"""What the trainer noticed reaches operators exactly once, whoever was killed meanwhile."""

import asyncio
import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from models.watch import SETTLING_DAYS
from schemas.snapshot import decode_snapshot
from schemas.topics import ALERTS, MODELS
from streams.alerts import alerts_of
from tests.integration.installation import Installation
from tests.integration.test_trainer import sampled, the_active
from tests.integration.trainer_process import a_trainer
from tests.servers import KafkaServer, ValkeyServer
from tests.unit.models.building import SMALL, with_group

INJECTED_ON = SETTLING_DAYS + 3


@pytest.fixture
def installation(kafka: KafkaServer, valkey: ValkeyServer, unique_name: str, tmp_path: Path) -> Iterator[Installation]:
    made = Installation(unique_name, kafka.bootstrap, valkey.url, tmp_path)
    made.create_topics()
    yield made
    made.stop_workers()


@pytest.mark.timeout(120)
async def test_a_group_from_nowhere_is_told_once_with_the_model_that_found_it(installation: Installation) -> None:
    trainer = a_trainer(installation, SMALL)
    history = [samples for _, samples in with_group(INJECTED_ON + 6, 40, INJECTED_ON)]
    for begin, end in pairwise((0, 10, 24, INJECTED_ON + 1, INJECTED_ON + 4)):
        producing = asyncio.create_task(sampled(installation, history[begin:end], a_second=6))
        await the_active(installation, [trainer])
        trainer.kill()
        trainer.start()
        await producing
    await sampled(installation, history[INJECTED_ON + 4 :], a_second=6)
    told = await awaited(installation, f"until 1970-02-0{INJECTED_ON + 6 - 31 + 1}T")
    records = await installation.read(MODELS, 0)
    expected = [alert for one in records for alert in alerts_of(decode_snapshot(one.value or b""), one.offset)]
    assert told == [alert.value for alert in expected]
    kinds = [(body["type"], body.get("measure")) for body in map(json.loads, filter(None, told))]
    assert ("segment.emerged", None) in kinds
    # A sixth of all customers is no noise of the draw: a centre goes there at once (decision 18), and nobody is far.
    assert ("drift.noticed", "centre_shift") in kinds
    assert len(set(kinds)) == len(kinds)
    assert "40 customers are far from every cluster" in trainer.said
    assert trainer.terminate() == 0


async def awaited(installation: Installation, last: str) -> list[bytes | None]:
    """Wait for the last day's model; return what was told until then."""
    for _ in range(200):
        if any(last in worker.said for worker in installation.workers):
            return [record.value for record in await installation.read(ALERTS, 0)]
        await asyncio.sleep(0.2)
    raise AssertionError(f"no model {last}: {installation.workers[0].said[-3000:]}")
