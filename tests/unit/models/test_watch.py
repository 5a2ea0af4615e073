"""Drift: quiet while nothing happens, said once when something does."""

import itertools

import msgspec
import numpy as np
import pytest

from models.trainer import Trainer
from models.watch import CENTRE_SHIFT_LIMIT, LABEL_CHURN_LIMIT, SETTLING_DAYS, SHARE_SHIFT_LIMIT, drift_of
from schemas.drift import Drift, Emerging, Notice
from schemas.raw_units import raw_units
from schemas.snapshot import Progress, Snapshot, decode_snapshot, encode_snapshot
from tests.unit.models.building import SMALL, a_snapshot, folded, slices, with_group

INJECTED_ON = SETTLING_DAYS + 6
DAYS = INJECTED_ON + 6


def drifts(snapshots: list[Snapshot]) -> list[Drift]:
    found = [snapshot.drift for snapshot in snapshots]
    return [one for one in found if one is not None]


@pytest.fixture(scope="module")
def learnt() -> list[Snapshot]:
    return folded(Trainer(SMALL), with_group(DAYS, 40, INJECTED_ON))


def test_nothing_is_noticed_where_nothing_happens() -> None:
    found = drifts(folded(Trainer(SMALL), with_group(DAYS, 0, INJECTED_ON)))
    assert len(found) > SETTLING_DAYS
    assert [(one.noticed, one.emerging) for one in found] == [((), None)] * len(found)
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


def test_a_group_that_no_centre_has_is_told_once_with_what_it_is_like(learnt: list[Snapshot]) -> None:
    found = {one.progress.days: one.drift.emerging for one in learnt if one.drift is not None and one.drift.emerging}
    assert next(iter(found)) == INJECTED_ON
    first = found[INJECTED_ON]
    assert (first.customers, first.share) == (40, round(40 / 240, 6))
    profile = raw_units(first.centre, 100)
    assert (profile["recency_days"], profile["tenure_days"]) == (0, 0)
    assert 151 < float(profile["frequency"]) < 153
    assert [one.is_new for one in found.values()].count(True) == 1


def test_a_few_strangers_are_no_segment() -> None:
    found = drifts(folded(Trainer(SMALL), with_group(DAYS, 8, INJECTED_ON)))
    assert [one.emerging for one in found] == [None] * len(found)


def test_who_takes_over_notices_the_same(learnt: list[Snapshot]) -> None:
    records = list(with_group(DAYS, 40, INJECTED_ON))
    for place in (3, INJECTED_ON - 3, len(learnt) - 3):
        snapshot = decode_snapshot(encode_snapshot(learnt[place]))
        later = folded(Trainer.resumed(SMALL, snapshot), records[snapshot.samples_from :])
        assert later == learnt[place + 1 :]


def test_a_snapshot_of_an_older_tierline_has_no_drift_and_is_gone_on_from(learnt: list[Snapshot]) -> None:
    old = msgspec.structs.replace(learnt[5], drift=None)
    (after, *_) = folded(Trainer.resumed(SMALL, old), list(with_group(DAYS, 40, INJECTED_ON))[old.samples_from :])
    assert after.drift is not None
    assert after.drift.usual_distance == after.drift.distance


MANY = np.array([[1 + n % 9, 1 + n % 7, 1_000 + 37 * (n % 500), 20 + n % 50] for n in range(2_500)], dtype=np.int64)
"""The facts of as many customers as the limits are for."""


def a_day_after(before: Snapshot, **changes: object) -> Drift:
    day = SETTLING_DAYS + 10
    settled = msgspec.structs.replace(before, progress=Progress(days=day - 1), customers=len(MANY))
    settled = msgspec.structs.replace(settled, drift=drift_of(None, settled, MANY, day - 1))
    return drift_of(settled, msgspec.structs.replace(settled, **changes), MANY, day)


def test_the_same_model_and_the_same_customers_are_no_drift() -> None:
    found = a_day_after(a_snapshot())
    assert (found.centre_shift, found.share_shift, found.label_churn, found.above) == (0, 0, 0, ())
    assert found.distance == found.usual_distance


def test_a_centre_that_jumps_is_noticed() -> None:
    first, *others = a_snapshot().clusters
    far = (first.centre[0] + 2 * a_snapshot().scaling.deviation[0], *first.centre[1:])
    found = a_day_after(a_snapshot(), clusters=(msgspec.structs.replace(first, centre=far), *others))
    assert found.centre_shift == pytest.approx(2)
    assert found.noticed[0] == Notice("centre_shift", found.centre_shift, CENTRE_SHIFT_LIMIT)


def test_shares_that_move_are_noticed() -> None:
    first, second, *others = a_snapshot().clusters
    less = msgspec.structs.replace(first, share=first.share - 0.1)
    more = msgspec.structs.replace(second, share=second.share + 0.1)
    found = a_day_after(a_snapshot(), clusters=(less, more, *others))
    assert found.noticed == (Notice("share_shift", 0.1, SHARE_SHIFT_LIMIT),)


def test_clusters_that_change_places_are_churn() -> None:
    clusters = a_snapshot().clusters
    swapped = tuple(
        msgspec.structs.replace(one, centre=other.centre) for one, other in zip(clusters, clusters[::-1], strict=True)
    )
    found = a_day_after(a_snapshot(), clusters=swapped)
    assert found.label_churn == 1
    assert Notice("label_churn", 1, LABEL_CHURN_LIMIT) in found.noticed
    assert found.distance == found.usual_distance


@pytest.mark.parametrize(
    ("there", "told_on"),
    [("x.x..x", [0]), ("x" + 14 * "." + "x", [0]), ("x" + 15 * "." + "x", [0, 16]), ("..x", [2])],
)
def test_a_group_that_comes_and_goes_is_new_after_two_weeks_without_it(there: str, told_on: list[int]) -> None:
    *_, (whole, _) = itertools.pairwise(slices(4))
    everyone = np.array([msgspec.structs.astuple(row)[1:5] for row in whole.rows], dtype=np.int64)
    group = np.array([[0, 150, 9_000_000 + n, 0] for n in range(40)], dtype=np.int64)
    day, told = SETTLING_DAYS + 10, []
    last = msgspec.structs.replace(a_snapshot(), progress=Progress(days=day), customers=len(everyone))
    last = msgspec.structs.replace(last, drift=drift_of(None, last, everyone, day))
    for ahead, mark in enumerate(there):
        facts = np.vstack([everyone, group]) if mark == "x" else everyone
        drift = drift_of(last, last, facts, day + ahead + 1)
        told += [ahead] if drift.emerging is not None and drift.emerging.is_new else []
        last = msgspec.structs.replace(last, progress=Progress(days=day + ahead + 1), drift=drift)
    assert told == told_on


def test_a_group_that_an_older_tierline_told_is_not_new() -> None:
    group = np.array([[0, 150, 9_000_000 + n, 0] for n in range(40)], dtype=np.int64)
    day, facts = SETTLING_DAYS + 10, np.vstack([MANY, group])
    known = Drift(distance=1.0, usual_distance=1.0, emerging=Emerging(40, 0.02, (0.0, 5.0, 11.0, 6.0, 0.0)))
    last = msgspec.structs.replace(a_snapshot(), progress=Progress(days=day), customers=len(facts), drift=known)
    found = drift_of(last, last, facts, day + 1)
    assert found.emerging is not None
    assert (found.emerging.is_new, found.emerged_days_ago) == (False, 0)
