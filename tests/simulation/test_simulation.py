"""T1 and T2: the engine under seeded faults at every await, and without each of its guards."""

import sys
from collections.abc import Callable

import pytest

from tests.simulation.faults import Faults
from tests.simulation.running import ABLATIONS, STORMY, first_failure, run_many

SCHEDULES = 2000
ABLATED_SCHEDULES_MAX = 2000


@pytest.mark.timeout(300)
def test_the_published_journal_explains_everything_whatever_fails() -> None:
    totals = run_many(range(SCHEDULES))
    assert not totals.failed, f"replay one with `python -m tests.simulation --seed N`: {totals.failed}"
    assert totals.repeated > SCHEDULES, "too little was repeated to show anything"
    assert totals.refused > SCHEDULES / 10
    assert totals.outputs > 10 * SCHEDULES
    assert totals.adoptions > SCHEDULES / 2
    assert totals.claims_in_sweeps > SCHEDULES / 10, "too few kills fell into the sweep of an adoption"


@pytest.mark.timeout(120)
def test_more_rollbacks_and_more_workers_change_nothing() -> None:
    totals = run_many(range(300), STORMY)
    assert not totals.failed, f"replay one with `--faults stormy --seed N`: {totals.failed}"


@pytest.mark.timeout(120)
def test_a_store_that_comes_back_with_another_history_is_rebuilt() -> None:
    totals = run_many(range(200), Faults(failback=0.01))
    assert not totals.failed, (
        f"replay one with `python -m tests.simulation --faults failback --seed N`: {totals.failed}"
    )


@pytest.mark.timeout(300)
@pytest.mark.parametrize("guard", ABLATIONS)
def test_without_a_guard_a_schedule_fails(guard: str, record_property: Callable[[str, object], None]) -> None:
    failure = first_failure(guard, range(ABLATED_SCHEDULES_MAX))
    assert failure is not None, f"the engine did well without {guard}"
    sys.stdout.write(f"without {guard}: first failing seed {failure[0]}: {failure[1]}\n")
    record_property(guard, failure[0])
