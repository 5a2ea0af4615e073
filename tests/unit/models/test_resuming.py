"""A trainer that begins at any snapshot makes the same further ones, byte for byte."""

import os
import subprocess
import sys
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from random import Random
from tempfile import NamedTemporaryFile

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.day_ends import DayEnds
from models.settings import LearningSettings
from models.trainer import Trainer
from schemas.samples import SampleSlice, decode_slice, encode_slice
from schemas.snapshot import Snapshot, decode_snapshot, encode_snapshot
from tests.unit.models.building import DAY, SMALL, folded, slices

CHECKOUT = Path(__file__).parents[3]
PARTITIONS = 3
SETTINGS = msgspec.structs.replace(
    SMALL,
    table_customers=90,
    forget_after_days=2,
    rename_after_days=2,
    restart_gain=0,
    restart_after_days=2,
    restart_calm_days=2,
    watched_a_day=30,
    label_days=2,
    hand_over_labels=60,
    fade_half_days=3,
)
"""A table that is pruned and forgets, names that change, restarts whenever, labels that mature in no time, of only a
part of the customers: all that could differ, does."""
GO_ON = """
import sys
from tests.unit.models.test_resuming import resumed_from, records
from schemas.snapshot import decode_snapshot, encode_snapshot
for one in resumed_from(decode_snapshot(sys.stdin.buffer.read()), records(int(sys.argv[1]))):
    print(encode_snapshot(one).decode())
"""


@lru_cache
def records(seed: int, days: int = 9) -> list[tuple[int, SampleSlice]]:
    """A topic: partitions out of step, customers who vanish, slices that are lost, come twice, come late; a break."""
    random, found, closed = Random(seed), [], Random(f"closed {seed}").choice([0, 0, 4])
    for swept, whole in enumerate(slices(days, customers=240, seed=seed)):
        day = swept + (closed if swept >= 6 else 0)
        parts = [
            msgspec.structs.replace(
                whole, partition=partition, at=(day - (partition == 2)) * DAY + number * 1000, rows=rows
            )
            for partition in range(PARTITIONS)
            for number in range(3)
            if (rows := whole.rows[partition * 3 + number :: 9][: random.choice([5, 25, 25])])
        ]
        random.shuffle(parts)
        if day >= 4:
            parts = [turned(part) for part in parts]
        parts = [*parts[random.randrange(2) :], *parts[: random.randrange(2)]]
        last = {part.partition: number for number, part in enumerate(parts)}
        found += [
            msgspec.structs.replace(part, is_last=number == last[part.partition]) for number, part in enumerate(parts)
        ]
        if day in (4, 7):
            found.append(msgspec.structs.replace(found[0], at=max(0, day - 3) * DAY))
    return [(7 + offset, decode_slice(encode_slice(one))) for offset, one in enumerate(found)]


def turned(part: SampleSlice) -> SampleSlice:
    """Who spent most spends least: names are no longer true."""
    rows = [msgspec.structs.replace(row, monetary_minor=40_000_000 // (1 + row.monetary_minor)) for row in part.rows]
    return msgspec.structs.replace(part, rows=tuple(rows))


def resumed_from(
    snapshot: Snapshot, topic: list[tuple[int, SampleSlice]], learning: LearningSettings = SETTINGS
) -> list[Snapshot]:
    trainer = Trainer.resumed(learning, decode_snapshot(encode_snapshot(snapshot)))
    return folded(trainer, ((offset, one) for offset, one in topic if offset >= snapshot.samples_from))


def bytes_of(snapshots: list[Snapshot]) -> list[bytes]:
    return [encode_snapshot(snapshot) for snapshot in snapshots]


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), every=st.integers(1, 3))
def test_it_may_end_behind_any_record_and_another_one_goes_on(seed: int, every: int) -> None:
    topic, learning = records(seed), msgspec.structs.replace(SETTINGS, publish_every_days=every)
    whole = folded(Trainer(learning), topic)
    assert len(whole) >= 4 // every
    for number, snapshot in enumerate(whole):
        assert bytes_of(resumed_from(snapshot, topic, learning)) == bytes_of(whole[number + 1 :])


def test_the_histories_hold_what_could_differ() -> None:
    found = [snapshot for seed in range(10) for snapshot in folded(Trainer(SETTINGS), records(seed))]
    assert {snapshot.restarts > 0 for snapshot in found} == {True, False}
    assert any(snapshot.progress.broken_days for snapshot in found)
    assert {snapshot.progress.won_days for snapshot in found} == {0, 1}
    assert {snapshot.progress.calm_days for snapshot in found} == {0, 1, 2}
    assert max(later.trained_at - one.trained_at for one, later in pairwise(found)) == 5 * DAY, "a break"
    assert any(snapshot.sample_below < 1 << 63 for snapshot in found)
    assert any(snapshot.samples_from > 7 for snapshot in found)
    values = [snapshot.value for snapshot in found if snapshot.value is not None]
    assert {value.priced_by for value in values} == {"bg_nbd", "poisson"}
    assert len({value.labels for value in values}) > 10
    assert any(abs(weight) > 0.1 for value in values if value.correction for weight in value.correction.weights)


@pytest.mark.parametrize("hash_seed", ["1", "23"])
def test_it_may_go_on_in_another_process_with_another_hash_seed(hash_seed: str) -> None:
    whole = folded(Trainer(SETTINGS), records(5))
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(CHECKOUT)}
    with NamedTemporaryFile() as given_snapshot:
        given_snapshot.write(encode_snapshot(whole[1]))
        given_snapshot.seek(0)
        printed = subprocess.run(
            [sys.executable, "-c", GO_ON, "5"],
            cwd=CHECKOUT,
            env=environment,
            stdin=given_snapshot,
            capture_output=True,
            check=True,
        ).stdout
    assert printed.splitlines() == bytes_of(whole[2:])


def test_a_day_ends_when_the_last_partition_has_reached_the_next() -> None:
    ends = DayEnds()
    assert [ends.reached(0, 10 * DAY), ends.reached(1, 10 * DAY + 5), ends.reached(0, 11 * DAY)] == [None] * 3
    assert ends.reached(1, 11 * DAY + 7) == 11 * DAY
    assert ends.reached(1, 11 * DAY + 9) is None


def test_a_partition_that_fell_silent_is_not_waited_for() -> None:
    ends = DayEnds([(0, 10 * DAY), (1, 10 * DAY)], 10 * DAY)
    assert [ends.reached(0, 11 * DAY), ends.reached(0, 12 * DAY)] == [None] * 2
    assert ends.reached(0, 13 * DAY) == 13 * DAY
    assert ends.reached(1, 12 * DAY) is None, "back again, and waited for"
    assert ends.reached(0, 14 * DAY) is None
    assert ends.reached(1, 14 * DAY) == 14 * DAY
