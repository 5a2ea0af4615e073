"""Drift: quiet while nothing happens, said once when something does."""

import itertools

import msgspec
import numpy as np
import pytest

from models.customer_table import Integers
from models.emerging import emerging_segment
from models.kmeans import squared_distances
from models.log_matrix import as_features, log_matrix
from models.trainer import Trainer
from models.watch import CENTRE_SHIFT_LIMIT, LABEL_CHURN_LIMIT, LEVEL_DAYS, SETTLING_DAYS, SHARE_SHIFT_LIMIT, drift_of
from schemas.drift import Drift, Emerging, Notice
from schemas.raw_units import raw_units
from schemas.snapshot import Cluster, Progress, Snapshot, decode_snapshot, encode_snapshot
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
GROUP = np.array([[0, 150, 9_000_000 + n, 0] for n in range(40)], dtype=np.int64)
"""Forty who are alike, and far from everybody else."""


def a_day_after(before: Snapshot, facts: Integers = MANY, **changes: object) -> Drift:
    day = SETTLING_DAYS + 10
    settled = msgspec.structs.replace(before, progress=Progress(days=day - 1), customers=len(facts))
    settled = msgspec.structs.replace(settled, drift=drift_of(None, settled, facts, day - 1))
    return drift_of(settled, msgspec.structs.replace(settled, **changes), facts, day)


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


def moved_by(part: float) -> tuple[Cluster, ...]:
    first, second, *others = a_snapshot().clusters
    less = msgspec.structs.replace(first, share=first.share - part)
    return less, msgspec.structs.replace(second, share=second.share + part), *others


def test_shares_that_move_are_noticed() -> None:
    found = a_day_after(a_snapshot(), clusters=moved_by(0.1))
    assert found.noticed == (Notice("share_shift", 0.1, SHARE_SHIFT_LIMIT),)


def test_shares_may_move_further_by_those_who_came_since() -> None:
    """A twentieth of the customers came yesterday."""
    tenures = np.where(np.arange(2_500) % 20 == 0, 1, 30 + MANY[:, 3])
    since = np.column_stack([MANY[:, :3], tenures])
    assert a_day_after(a_snapshot(), since, clusters=moved_by(SHARE_SHIFT_LIMIT + 0.04)).noticed == ()
    (notice,) = a_day_after(a_snapshot(), since, clusters=moved_by(SHARE_SHIFT_LIMIT + 0.06)).noticed
    assert notice.measure == "share_shift"
    assert notice.limit == pytest.approx(SHARE_SHIFT_LIMIT + 0.05)


def test_only_the_distance_is_compared_across_a_restart_and_the_next_day_is_judged_again() -> None:
    first, *others = moved_by(0.1)
    far = (first.centre[0] + 2 * a_snapshot().scaling.deviation[0], *first.centre[1:])
    elsewhere = (msgspec.structs.replace(first, centre=far), *others)
    noticed = {one.measure for one in a_day_after(a_snapshot(), clusters=elsewhere).noticed}
    assert noticed >= {"centre_shift", "share_shift"}
    found = a_day_after(a_snapshot(), clusters=elsewhere, restarts=1)
    assert (found.has_restarted, {one.measure for one in found.noticed} - {"unassigned_distance"}) == (True, set())
    later = a_day_after(msgspec.structs.replace(a_snapshot(), restarts=1), clusters=elsewhere)
    assert (later.has_restarted, {one.measure for one in later.noticed}) == (False, noticed)
    assert strayed_by(0.1, restarts=1) == ["unassigned_distance"]


def strayed_by(part: float, facts: Integers = MANY, restarts: int = 0) -> list[str]:
    """What is noticed where customers are so much farther from the centres than usual, at so many restarts."""
    day = SETTLING_DAYS + 10
    now = drift_of(None, a_snapshot(), facts, day).distance
    known = Drift(distance=now / (1 + part), usual_distance=now / (1 + part))
    last = msgspec.structs.replace(a_snapshot(), progress=Progress(days=day - 1), drift=known)
    return [one.measure for one in drift_of(last, msgspec.structs.replace(last, restarts=restarts), facts, day).noticed]


@pytest.mark.parametrize(("newcomers", "allowed"), [(0.0, 0.035), (0.2, 0.085)])
def test_newcomers_may_be_farther_away_than_others(newcomers: float, allowed: float) -> None:
    """The limits of a shop of four fifths regulars, and of one of regulars alone."""
    tenures = np.where(np.arange(2_500) < newcomers * 2_500, 28, 100)
    facts = np.column_stack([MANY[:, :3], tenures])
    assert strayed_by(allowed - 0.002, facts) == []
    assert strayed_by(allowed + 0.002, facts) == ["unassigned_distance"]


def test_the_edge_of_a_crowd_is_no_segment_and_the_same_customers_alone_are() -> None:
    """Customers like those of a centre but for what they spent: more and more, until they are far from it."""
    known = a_snapshot()
    deviation, centres = np.array(known.scaling.deviation), np.array([one.centre for one in known.clusters])
    like = np.expm1(centres[np.argmax(centres[:, 2])])
    dearer = np.geomspace(1, 1_000, 20_000) * like[2] * 100
    ladder = np.column_stack([np.full((len(dearer), 2), like[:2]), dearer, np.full(len(dearer), like[4])]).astype(int)
    away = np.sqrt(squared_distances(log_matrix(ladder, 100) / deviation, centres / deviation).min(axis=1))
    edge = ladder[(away > 1.9) & (away < 3.0)]
    edge, alone = (rows[:: max(1, len(rows) // 100)] for rows in (edge, ladder[(away > 2.55) & (away < 3.0)]))
    assert emerging_segment(known, centres, edge) is None
    found = emerging_segment(known, centres, alone)
    assert found is not None
    assert found.customers == len(alone)


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
    day, told = SETTLING_DAYS + 10, []
    last = msgspec.structs.replace(a_snapshot(), progress=Progress(days=day), customers=len(everyone))
    last = msgspec.structs.replace(last, drift=drift_of(None, last, everyone, day))
    for ahead, mark in enumerate(there):
        facts = np.vstack([everyone, GROUP]) if mark == "x" else everyone
        drift = drift_of(last, last, facts, day + ahead + 1)
        told += [ahead] if drift.emerging is not None and drift.emerging.is_new else []
        last = msgspec.structs.replace(last, progress=Progress(days=day + ahead + 1), drift=drift)
    assert told == told_on


def test_a_group_that_a_centre_went_to_at_once_is_told_by_where_centres_usually_are() -> None:
    """A few are enough for it, if they are far enough away; then nobody is far from the centres of yesterday."""
    day, facts, (first, *others) = SETTLING_DAYS + 10, np.vstack([MANY, GROUP]), a_snapshot().clusters
    there = as_features(log_matrix(GROUP, 100).mean(axis=0))
    usual = tuple(one.centre for one in a_snapshot().clusters)
    known = Drift(distance=1.0, usual_distance=1.0, usual_centres=usual)
    last = msgspec.structs.replace(
        a_snapshot(),
        clusters=(msgspec.structs.replace(first, centre=there), *others),
        progress=Progress(days=day),
        drift=known,
    )
    found = drift_of(last, last, facts, day + 1)
    assert found.emerging is not None
    assert found.emerging.customers == len(GROUP)
    assert found.usual_centres[1:] == usual[1:]
    gone = (np.array(found.usual_centres[0]) - usual[0]) / (np.array(there) - usual[0])
    assert gone == pytest.approx(np.full(5, 1 / LEVEL_DAYS))
    of_yesterday = msgspec.structs.replace(last, drift=msgspec.structs.replace(known, usual_centres=()))
    assert drift_of(of_yesterday, last, facts, day + 1).emerging is None


def test_a_group_that_an_older_tierline_told_is_not_new() -> None:
    day, facts = SETTLING_DAYS + 10, np.vstack([MANY, GROUP])
    known = Drift(distance=1.0, usual_distance=1.0, emerging=Emerging(40, 0.02, (0.0, 5.0, 11.0, 6.0, 0.0)))
    last = msgspec.structs.replace(a_snapshot(), progress=Progress(days=day), customers=len(facts), drift=known)
    found = drift_of(last, last, facts, day + 1)
    assert found.emerging is not None
    assert (found.emerging.is_new, found.emerged_days_ago) == (False, 0)
