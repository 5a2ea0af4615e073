"""The shortcut for what decides nothing is a shortcut: without it the same is said and the same is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

import state.advance
import state.step
from replay.run import Run
from schemas.journal import Tick
from state import quiet
from state.advance import has_pending_word
from state.customer import CustomerState, OpenNudge
from state.nudges import KIND_BY_NAME
from tests.builders import Json, a_record, an_order
from tests.folding import fold_steps
from tests.histories import LAW, folded, folded_with, histories, programs, snapshots
from tests.logs import random_log, random_steps_with_models
from tests.oracle_rules import DAY_US, HOUR_US, SECOND_US, instant_text
from tests.product import ProductFold
from tests.scenario import micros, with_rules

US = ("c-1", "c-2")


@LAW
@given(programs(), histories(*US), st.sampled_from((1, 30, 400)))
def test_without_the_shortcut_all_is_the_same(program: Json, records: list[Json], then_days: int) -> None:
    short = folded(program, records)
    with everything_weighed():
        long = folded(program, records)
    assert short.customers.states == long.customers.states
    assert_same_later(short, long, then_days)


@LAW
@given(programs(), histories(*US), st.sampled_from((1, 30, 400)), snapshots(), st.integers(0, 20), st.booleans())
def test_without_the_shortcut_scores_are_the_same(
    program: Json, records: list[Json], then_days: int, snapshot: Json, after: int, sweeps: bool
) -> None:
    short = folded_with(snapshot, program, records, after, sweeps=sweeps)
    with everything_weighed():
        long = folded_with(snapshot, program, records, after, sweeps=sweeps)
    assert scored(short) == scored(long)
    assert_same_later(short, long, then_days)


def assert_same_later(short: Run, long: Run, then_days: int) -> None:
    end = Tick(short.meta.clock_at + then_days * DAY_US)
    short.take_step(end)
    with everything_weighed():
        long.take_step(end)
    assert short.outputs == long.outputs
    assert short.meta == long.meta
    assert short.read_models(end.at) == long.read_models(end.at)


def test_a_kind_that_does_not_say_how_long_its_nudges_stand_is_weighed_in_full() -> None:
    nudge = OpenNudge("n-1", "tier_at_risk", "bronze", 10)
    customer = CustomerState(
        customer_id="c-1", program_version="1.x", now_at=0, tier="bronze", since_at=0, open_nudges=[nudge]
    )
    assert not has_pending_word(customer)
    silent = replace(KIND_BY_NAME["tier_at_risk"], stands_until=None)
    with patch.dict(KIND_BY_NAME, tier_at_risk=silent):
        assert has_pending_word(customer)


def test_an_order_that_arrives_late_is_not_the_last_one() -> None:
    at = micros("03-01 12:00")
    orders = [("o-1", 0, 0), ("o-2", HOUR_US, 0), ("o-3", 2 * HOUR_US, 2 * HOUR_US - SECOND_US)]
    records = [
        a_record(an_order(order_id, "1.00", instant_text(at + after - late_by)), (at + after) // 1000)
        for order_id, after, late_by in orders
    ]
    customer = next(iter(folded(with_rules({}), records).customers.states.values()))
    assert (customer.orders, customer.last_order_at) == (3, at + HOUR_US)


@pytest.mark.parametrize("seed", range(40))
def test_without_the_shortcut_a_random_log_is_the_same(seed: int) -> None:
    short = folded(*random_log(seed))
    with everything_weighed():
        long = folded(*random_log(seed))
    assert short.outputs == long.outputs
    assert short.read_models(short.meta.clock_at) == long.read_models(long.meta.clock_at)


@pytest.mark.parametrize("seed", range(40))
def test_without_the_shortcut_random_steps_with_models_are_the_same(seed: int) -> None:
    program, steps = random_steps_with_models(seed)
    short = ProductFold(program)
    seen = fold_steps(short, steps)
    with everything_weighed():
        long = ProductFold(program)
        assert fold_steps(long, steps) == seen
    assert short.run.outputs == long.run.outputs
    assert scored(short.run) == scored(long.run)


def scored(run: Run) -> list[object]:
    """Return what scoring keeps; what no rule asks for any more is forgotten at another time after a quiet day."""
    names = ("standing", "emptied", "model_version", "segment_changes")
    return [[getattr(one, name) for name in names] for one in run.customers.states.values()]


def test_most_orders_of_a_random_log_take_the_shortcut() -> None:
    taken = []
    place_quietly = quiet.place_quietly

    def noted(*arguments: object) -> object:
        taken.append(place_quietly(*arguments))  # type: ignore[arg-type]
        return taken[-1]

    with patch.object(state.step, "place_quietly", noted):
        for seed in range(5):
            folded(*random_log(seed))
    assert sum(one is not None for one in taken) > len(taken) / 5


@contextmanager
def everything_weighed() -> Iterator[None]:
    """Let no order and no day pass quietly."""
    with (
        patch.object(state.step, "place_quietly", lambda *_: None),
        patch.object(state.advance, "pass_quietly", lambda *_: False),
    ):
        yield
