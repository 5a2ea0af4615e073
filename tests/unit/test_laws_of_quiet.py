"""The shortcut for what decides nothing is a shortcut: without it the same is said and the same is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

import state.advance
import state.step
from replay.run import Run
from schemas.journal import Tick
from tests.builders import Json
from tests.histories import LAW, folded, histories, programs
from tests.logs import random_log
from tests.oracle_rules import DAY_US

US = ("c-1", "c-2")


@LAW
@given(programs(), histories(*US), st.sampled_from((None, 1, 30, 400)))
def test_without_the_shortcut_all_is_the_same(program: Json, records: list[Json], then_days: int | None) -> None:
    short = _folded(program, records, then_days)
    with everything_weighed():
        long = _folded(program, records, then_days)
    assert short.outputs == long.outputs
    assert short.meta == long.meta
    assert short.read_models(short.meta.clock_at) == long.read_models(long.meta.clock_at)
    if then_days is None:
        assert short.customers.states == long.customers.states


@pytest.mark.parametrize("seed", range(40))
def test_without_the_shortcut_a_random_log_is_the_same(seed: int) -> None:
    short = folded(*random_log(seed))
    with everything_weighed():
        long = folded(*random_log(seed))
    assert short.outputs == long.outputs
    assert short.read_models(short.meta.clock_at) == long.read_models(long.meta.clock_at)


def test_most_orders_of_a_random_log_take_the_shortcut() -> None:
    taken = []
    place_quietly = state.step.place_quietly

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


def _folded(program: Json, records: list[Json], then_days: int | None) -> Run:
    run = folded(program, records)
    if then_days is not None:
        run.take_step(Tick(run.meta.clock_at + then_days * DAY_US))
    return run
