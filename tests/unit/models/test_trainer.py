"""The trainer is a function of its samples, its settings and the ends of days."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from models.customer_table import CustomerTable
from models.errors import SettingsMismatchError
from models.kmeans import matched
from models.naming import broken_predicates
from models.trainer import Trainer
from schemas.features import CustomerFacts, FeatureSample
from schemas.snapshot import (
    SNAPSHOT_FORMAT,
    NewerModelError,
    UnreadableModelError,
    decode_snapshot,
    encode_snapshot,
)
from tests.unit.models.building import DAY, SMALL, a_snapshot, trained

CHECKOUT = Path(__file__).parents[3]
PRINT_SNAPSHOT = (
    "from tests.unit.models.building import SMALL, trained; from models.trainer import Trainer;"
    "from schemas.snapshot import encode_snapshot; print(encode_snapshot(trained(Trainer(SMALL), 4)[-1]).decode())"
)


@pytest.mark.parametrize("hash_seed", ["0", "17"])
def test_another_process_with_another_hash_seed_learns_the_same_bytes(hash_seed: str) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(CHECKOUT)}
    printed = subprocess.run(
        [sys.executable, "-c", PRINT_SNAPSHOT], cwd=CHECKOUT, env=environment, capture_output=True, check=True
    ).stdout
    assert printed.strip() == encode_snapshot(a_snapshot())


def test_a_restored_trainer_goes_on_as_if_nothing_had_been() -> None:
    first = Trainer(SMALL)
    trained(first, 4)
    restored = Trainer.restored(SMALL, first.to_bytes())
    assert restored.to_bytes() == first.to_bytes()
    assert trained(restored, 7, start=4) == trained(first, 7, start=4)


def test_there_is_no_snapshot_before_the_warm_up_ends_nor_twice_for_a_day() -> None:
    trainer = Trainer(SMALL)
    assert trained(trainer, 1) == []
    assert len(trained(trainer, 3, start=1)) == 2
    assert trainer.day_ended(3 * DAY) is None


def test_a_state_of_other_settings_is_refused() -> None:
    blob = Trainer(SMALL).to_bytes()
    with pytest.raises(SettingsMismatchError):
        Trainer.restored(msgspec.structs.replace(SMALL, seed=9), blob)


def test_a_snapshot_survives_its_bytes() -> None:
    assert decode_snapshot(encode_snapshot(a_snapshot())) == a_snapshot()


def test_an_older_format_is_upgraded_and_a_newer_one_refused() -> None:
    fields = msgspec.json.decode(encode_snapshot(a_snapshot()))
    del fields["format"]
    assert decode_snapshot(msgspec.json.encode(fields)).format == SNAPSHOT_FORMAT
    with pytest.raises(NewerModelError):
        decode_snapshot(msgspec.json.encode({"format": SNAPSHOT_FORMAT + 1, "unknown": 1}))
    with pytest.raises(UnreadableModelError):
        decode_snapshot(b"{}")


def test_matching_keeps_every_centre_in_its_place() -> None:
    rng = np.random.default_rng(1)
    old = rng.normal(size=(6, 5)) * 5
    for _ in range(20):
        assert np.allclose(matched(old, rng.permutation(old + 0.01)), old, atol=0.02)


def test_names_are_distinct_and_true_and_stay() -> None:
    found = trained(Trainer(SMALL), 8)
    names = [cluster.name for cluster in found[0].clusters]
    assert len(set(names)) == SMALL.k
    assert all([cluster.name for cluster in one.clusters] == names for one in found)
    assert broken_predicates([cluster.centre for cluster in found[-1].clusters], names) == []


def test_a_champion_who_does_not_out_spend_the_loyal_is_noticed() -> None:
    clusters = a_snapshot().clusters
    swap = {"Champions": "Loyal", "Loyal": "Champions"}
    names = [swap.get(cluster.name, cluster.name) for cluster in clusters]
    assert "Champions do not out-spend Loyal" in broken_predicates([cluster.centre for cluster in clusters], names)


def test_the_table_keeps_a_fair_part_and_says_which() -> None:
    table = CustomerTable(100)
    for key in range(1_000, 0, -1):
        table.put(key, 0, CustomerFacts(0, 1, 1, 0))
    assert set(range(1, 101)) <= set(table.rows)
    assert len(table) <= 125
    assert all(key < table.below for key in table.rows)


def test_an_older_sample_and_a_forgotten_customer_leave_no_trace() -> None:
    trainer, facts = Trainer(SMALL), CustomerFacts(1, 2, 300, 4)
    before = trainer.to_bytes()
    trainer.learn(FeatureSample("c-1", 5, facts))
    kept = trainer.to_bytes()
    trainer.learn(FeatureSample("c-1", 4, CustomerFacts(0, 9, 900, 9)))
    assert trainer.to_bytes() == kept
    trainer.forget("c-1")
    assert trainer.to_bytes() == before
