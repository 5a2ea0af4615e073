"""The trainer is a function of its samples and its settings."""

import os
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
from msgspec.structs import astuple

from models.assign import NO_CLUSTER, assign_many
from models.centres import Centres
from models.customer_table import CustomerTable, Row
from models.errors import SettingsMismatchError
from models.kmeans import Points, draw_errors, inertia, matched
from models.log_matrix import log_matrix
from models.naming import broken_predicates
from models.scaled import Scaled
from models.trainer import Trainer
from schemas.samples import Sample, SampleSlice
from schemas.snapshot import (
    SNAPSHOT_FORMAT,
    NewerModelError,
    Snapshot,
    UnreadableModelError,
    decode_snapshot,
    encode_snapshot,
)
from tests.unit.models.building import DAY, SMALL, a_snapshot, folded, slices, trained

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


def test_a_snapshot_every_few_days_is_the_one_of_its_day() -> None:
    daily, seldom = (trained(Trainer(msgspec.structs.replace(SMALL, publish_every_days=days)), 9) for days in (1, 3))
    assert without_drift(seldom) == without_drift(daily[::3])
    assert len(seldom) == 3


def without_drift(snapshots: list[Snapshot]) -> list[Snapshot]:
    """Drift looks back to the snapshot before, which is another one."""
    return [msgspec.structs.replace(one, drift=None) for one in snapshots]


def test_there_is_no_snapshot_before_the_warm_up_ends_nor_twice_for_a_day() -> None:
    trainer = Trainer(SMALL)
    assert [found.trained_at for found in trained(trainer, 3)] == [2 * DAY, 3 * DAY]
    assert trainer.take(SampleSlice(partition=0, at=3 * DAY, rows=()), 4) is None


def test_a_snapshot_is_made_of_the_sweep_that_has_just_been_done() -> None:
    trainer, today = Trainer(SMALL), list(slices(4))[:-1]
    for offset, samples in enumerate(today):
        trainer.take(samples, offset)
    later = [Sample(f"c-{number}", 0, 1, 100_000 + number, 0) for number in range(200)]
    halves = [
        SampleSlice(partition=0, at=4 * DAY, rows=tuple(part), is_last=False) for part in (later[:100], later[100:])
    ]
    assert [trainer.take(half, 4 + number) for number, half in enumerate(halves)] == [None, None]
    snapshot = trainer.take(SampleSlice(partition=0, at=4 * DAY, rows=()), 6)
    assert snapshot is not None
    assert (snapshot.trained_at, snapshot.edges.frequency) == (4 * DAY, (1, 1, 1, 1))
    assert snapshot.edges.monetary_minor == (100_039, 100_079, 100_119, 100_159)


def test_a_day_ends_when_every_partition_is_through_with_the_next() -> None:
    trainer, days = Trainer(SMALL), list(slices(3))
    parts = [msgspec.structs.replace(one, partition=number) for one in days for number in (0, 1)]
    found = [snapshot is not None for snapshot in map(trainer.take, parts, range(len(parts)))]
    assert found == [False, False, False, False, False, True, False, True]


@pytest.mark.parametrize("changed", [{"k": 5}, {"minor_per_major": 1}])
def test_a_snapshot_of_other_settings_is_not_gone_on_from(changed: dict[str, int]) -> None:
    with pytest.raises(SettingsMismatchError, match=r"has 4 clusters and 100 minor units"):
        Trainer.resumed(msgspec.structs.replace(SMALL, **changed), a_snapshot())


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


def as_they_are(points: Points) -> Scaled:
    return Scaled(points, np.zeros(5), np.ones(5))


def restarted(calm_days: int) -> tuple[Centres, list[tuple[int, bool, float]]]:
    """Three heaps, and centres that begin between them: a fresh start finds the heaps.

    Returns, day by day, the restarts so far, whether customers are kept more firmly, and the inertia.
    """
    settings = msgspec.structs.replace(SMALL, k=3, restart_after_days=2, restart_calm_days=calm_days)
    rng, heaps = np.random.default_rng(2), np.array([[0, 0, 0, 0, 0], [4, 0, 0, 0, 0], [0, 4, 0, 0, 0]])
    points = np.repeat(heaps, 100, axis=0) + rng.normal(size=(300, 5)) * 0.1
    centres, now = Centres(settings), np.array([[0.0, 0.1, 0, 0, 0], [0.1, 0.0, 0, 0, 0], [2.0, 2.0, 0, 0, 0]])
    found = []
    for day in range(8):
        now = centres.next(as_they_are(points), now, day)
        found.append((centres.restarts, centres.is_calm, inertia(points, now)))
    return centres, found


def test_a_restart_goes_all_the_way_on_the_day_that_it_is_announced() -> None:
    """Half-way between two good places is a bad one."""
    _, found = restarted(3)
    for (before, _, _), (after, is_calm, apart) in pairwise(found):
        assert (apart < 0.1) == (after == 1), "until then the centres are between the heaps, and no day after it"
        assert after == before or is_calm
    assert {one for one, _, _ in found} == {0, 1}


def test_customers_are_kept_more_firmly_on_the_day_of_a_restart_and_the_days_behind_it() -> None:
    centres, found = restarted(3)
    began = next(day for day, (restarts, _, _) in enumerate(found) if restarts)
    assert [is_calm for _, is_calm, _ in found] == [False] + [True] * 4 + [False] * 3
    assert (centres.calm_days, began) == (0, 1)


def test_who_stays_where_they_are_is_kept_more_firmly_behind_a_restart() -> None:
    """As trained, but with two calm days to come."""
    begun = trained(Trainer(SMALL), 6)[2]
    progress = msgspec.structs.replace(begun.progress, calm_days=2)
    restarting = Trainer.resumed(SMALL, msgspec.structs.replace(begun, progress=progress))
    found = folded(restarting, list(enumerate(slices(8)))[begun.samples_from :])
    margins = [(one.hysteresis, one.fresher_hysteresis) for one in found]
    calm, usual = (0.3, 0.4), (0.1, 0.2)
    assert margins == [calm, calm, usual, usual][: len(found)]
    assert usual in margins


def test_a_way_that_cannot_be_noise_is_gone_on_the_day_and_noise_is_damped() -> None:
    """Two heaps of 500 customers; one has moved by four standard deviations of a customer, the other one has not."""
    settings = msgspec.structs.replace(SMALL, k=2, reservoir_customers=1_000, anchor_doubt=7.0)
    rng, heaps = np.random.default_rng(2), np.array([[0.0, 0, 0, 0, 0], [8, 0, 0, 0, 0]])
    points = np.repeat(heaps, 500, axis=0) + rng.normal(size=(1000, 5)) * 0.5
    old, means = np.array([[0.0, 2, 0, 0, 0], [8, 0, 0, 0, 0]]), points.reshape(2, 500, 5).mean(axis=1)
    now = Centres(settings).next(as_they_are(points), old, 1)
    assert np.linalg.norm(now[0] - means[0]) < 0.02 < np.linalg.norm(now[1] - old[1]) / settings.anchor_pull
    assert np.allclose(now[1] - old[1], settings.anchor_pull * (means[1] - old[1]))


def part_gone(moved: tuple[int, int, int], newcomers: float = 0.0) -> float:
    """The part of its way that the first centre goes in a day.

    Three heaps of 500 customers; those marked have moved by half a standard deviation of a customer.
    """
    settings = msgspec.structs.replace(SMALL, k=3, reservoir_customers=1_500)
    rng, heaps = np.random.default_rng(2), np.array([[0.0, 0, 0, 0, 0], [8, 0, 0, 0, 0], [0, 8, 0, 0, 0]])
    points, way = np.repeat(heaps, 500, axis=0) + rng.normal(size=(1500, 5)) * 0.5, np.array([0, 0, 0.25, 0, 0])
    old = heaps - np.array(moved)[:, None] * way
    now = Centres(settings).next(as_they_are(points)._replace(newcomers=newcomers), old, 1)
    return float((now - old)[0] @ way / (way @ way))


def test_what_moves_most_centres_is_followed_sooner_than_what_moves_one() -> None:
    assert part_gone((1, 0, 0)) == pytest.approx(SMALL.anchor_pull, abs=0.05)
    assert part_gone((1, 1, 1)) > 0.6


def test_the_more_customers_are_new_the_farther_centres_go() -> None:
    """What one centre does may be noise; but who is new was never elsewhere."""
    gone = [part_gone((1, 0, 0), newcomers) for newcomers in (0.0, 0.5, 1.0)]
    assert gone == pytest.approx([0.2, 0.6, 1.0], abs=0.1)


def test_the_error_of_a_draw_is_that_of_its_means_and_unknown_for_one_customer() -> None:
    rng = np.random.default_rng(4)
    draws = rng.normal(size=(2_000, 40, 2))
    mean_error = float((draws.mean(axis=1) ** 2).sum(axis=1).mean())
    errors = [draw_errors(np.vstack([draw, [[50.0, 1.0]]]), np.array([draw.mean(axis=0), [50, 0]])) for draw in draws]
    assert np.mean([one[0] for one in errors]) == pytest.approx(mean_error, rel=0.1)
    assert all(one[1] == np.inf for one in errors)


def test_a_champion_who_does_not_out_spend_the_loyal_is_noticed() -> None:
    clusters = a_snapshot().clusters
    swap = {"Champions": "Loyal", "Loyal": "Champions"}
    names = [swap.get(cluster.name, cluster.name) for cluster in clusters]
    assert "Champions do not out-spend Loyal" in broken_predicates([cluster.centre for cluster in clusters], names)


def test_the_table_keeps_a_fair_part_and_says_which() -> None:
    table = CustomerTable(100)
    for key in range(1_000, 0, -1):
        table.put(key, Row(0, 1, 1, 0, at=0, offset=0))
    assert set(range(1, 101)) <= set(table.rows)
    assert len(table) <= 125
    assert all(key < table.below for key in table.rows)


def test_an_older_sample_changes_nothing_and_whom_the_sweep_lost_is_forgotten() -> None:
    table = CustomerTable(100)
    newest = Row(1, 2, 300, 4, at=5, offset=9)
    assert table.put(7, newest)
    assert not table.put(7, Row(0, 9, 900, 9, at=4, offset=10))
    assert table.rows == {7: newest}
    table.forget_before(6)
    assert len(table) == 0


def test_customers_who_are_all_the_same_stop_nothing() -> None:
    trainer = Trainer(SMALL)
    rows = tuple(Sample(f"c-{number}", 3, 3, 300, 3) for number in range(70))
    found = folded(trainer, ((day, SampleSlice(partition=0, at=day * DAY, rows=rows)) for day in range(5)))
    assert [one.customers for one in found] == [70, 70, 70]


@pytest.mark.parametrize(("frequency", "aov", "monetary"), [(0.4, 0.4, 0.2), (0.25, 0.3, 0.1)])
def test_thresholds_of_traits_leave_out_the_parts_that_the_program_means(
    frequency: float, aov: float, monetary: float
) -> None:
    budget_told = {"budget_frequency_top": frequency, "budget_aov_bottom": aov}
    power_told = {"power_monetary_top": monetary, "power_aov_top": monetary}
    settings = msgspec.structs.replace(SMALL, **budget_told, **power_told)
    days = list(slices(3))
    snapshot = folded(Trainer(settings), enumerate(days))[-1]
    rows = days[-2].rows
    orders, spends = sorted(row.frequency for row in rows), sorted(row.monetary_minor for row in rows)
    aovs = sorted(round(Fraction(row.monetary_minor, row.frequency)) for row in rows)
    budget, power = snapshot.budget_buyer, snapshot.power_user

    def at(values: list[int], share: float) -> int:
        """Return the value that 200 customers have at a share; all are whole numbers of customers."""
        return values[round(share * len(values)) - 1]

    assert (budget.frequency_above, budget.aov_minor_at_most) == (at(orders, 1 - frequency), at(aovs, aov))
    assert (power.monetary_minor_above, power.aov_minor_above) == (at(spends, 1 - monetary), at(aovs, 1 - monetary))


def test_features_that_do_not_count_move_nobody() -> None:
    settings = msgspec.structs.replace(SMALL, features=3)
    days = list(slices(3))
    older = [with_other_tenures(one) for one in days]
    one, other = (folded(Trainer(settings), enumerate(found))[-1] for found in (days, older))
    logs = log_matrix(np.array([astuple(row)[1:] for row in days[-2].rows]), 100)
    nobody, all_new = np.full(len(logs), NO_CLUSTER), np.ones(len(logs), dtype=bool)
    assert (assign_many(one, logs, nobody, all_new) == assign_many(other, logs, nobody, all_new)).all()
    assert len(set(assign_many(one, logs, nobody, all_new))) == SMALL.k


def with_other_tenures(one: SampleSlice) -> SampleSlice:
    rows = (msgspec.structs.replace(row, tenure_days=row.frequency % 7 * 100) for row in one.rows)
    return msgspec.structs.replace(one, rows=tuple(rows))
