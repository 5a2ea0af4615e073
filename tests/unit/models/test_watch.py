"""Drift: quiet while nothing happens, said once when something does."""

from collections.abc import Iterator

import msgspec
import pytest

from models.trainer import Trainer
from models.watch import SETTLING_DAYS
from schemas.drift import Drift
from schemas.samples import Sample, SampleSlice
from schemas.snapshot import Snapshot, decode_snapshot, encode_snapshot
from tests.unit.models.building import SMALL, folded, slices

INJECTED_ON = SETTLING_DAYS + 6
DAYS = INJECTED_ON + 6


def with_group(customers: int, since: int = INJECTED_ON) -> Iterator[tuple[int, SampleSlice]]:
    """The four kinds of `slices`, and from a day on a group of a fifth, far from all of them."""
    for day, whole in enumerate(slices(DAYS)):
        rows = [
            Sample(f"new-{number}", 0, 150 + number % 5, 9_000_000 + 1_000 * number, day - since)
            for number in range(customers if day >= since and whole.rows else 0)
        ]
        yield day, msgspec.structs.replace(whole, rows=(*whole.rows, *rows))


def drifts(snapshots: list[Snapshot]) -> list[Drift]:
    found = [snapshot.drift for snapshot in snapshots]
    return [one for one in found if one is not None]


@pytest.fixture(scope="module")
def learnt() -> list[Snapshot]:
    return folded(Trainer(SMALL), with_group(40))


def test_nothing_is_noticed_where_nothing_happens() -> None:
    found = drifts(folded(Trainer(SMALL), with_group(0)))
    assert len(found) > SETTLING_DAYS
    assert [one.noticed for one in found] == [()] * len(found)
    assert found[0].centre_shift == found[0].share_shift == found[0].label_churn == 0
    assert all(one.centre_shift > 0 for one in found[1:])


def test_a_group_from_nowhere_is_noticed_on_its_first_day_and_said_once(learnt: list[Snapshot]) -> None:
    days = {snapshot.progress.days: snapshot.drift or Drift() for snapshot in learnt}
    said = [(day, notice.measure) for day, drift in days.items() for notice in drift.noticed]
    assert said, "nothing was noticed"
    assert said[0][0] == INJECTED_ON
    assert "unassigned_distance" in days[INJECTED_ON].above
    assert len({measure for _, measure in said}) == len(said), "once each"
    for drift in days.values():
        assert all(notice.value > notice.limit and notice.measure in drift.above for notice in drift.noticed)


def test_who_takes_over_notices_the_same(learnt: list[Snapshot]) -> None:
    records = list(with_group(40))
    for place in (3, INJECTED_ON - 3, len(learnt) - 3):
        snapshot = decode_snapshot(encode_snapshot(learnt[place]))
        later = folded(Trainer.resumed(SMALL, snapshot), records[snapshot.samples_from :])
        assert later == learnt[place + 1 :]


def test_a_snapshot_of_an_older_tierline_has_no_drift_and_is_gone_on_from(learnt: list[Snapshot]) -> None:
    old = msgspec.structs.replace(learnt[5], drift=None)
    (after, *_) = folded(Trainer.resumed(SMALL, old), list(with_group(40))[old.samples_from :])
    assert after.drift is not None
    assert after.drift.usual_distance == after.drift.distance
