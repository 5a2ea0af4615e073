"""The product's fold of random logs equals the oracle's: every state, change, nudge, suppression and fate."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from state.errors import ChangeRefusedError
from tests.folding import fold_log
from tests.log_values import START_AT
from tests.logs import random_log, random_steps, random_steps_with_models
from tests.oracle_rules import DAY_US
from tests.product import (
    Json,
    ProductFold,
    VersionedOracle,
    differences,
    differences_of_log,
    differences_of_steps,
    shrunk,
)

FEW, MANY = range(12), range(12, 300)


@pytest.mark.parametrize("seed", FEW)
def test_a_log_by_the_rules_equals_the_oracle(seed: int) -> None:
    assert_no_differences_in_log(seed)


@pytest.mark.parametrize("seed", FEW)
def test_records_ticks_and_changes_of_program_equal_the_oracle(seed: int) -> None:
    assert_no_differences_in_steps(seed)


@pytest.mark.parametrize("seed", FEW)
def test_adoptions_of_models_equal_the_oracle(seed: int) -> None:
    assert_no_differences_with_models(seed)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_many_more_logs_equal_the_oracle() -> None:
    for seed in MANY:
        assert_no_differences_in_log(seed)
        assert_no_differences_in_steps(seed)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_many_more_adoptions_equal_the_oracle() -> None:
    for seed in MANY:
        assert_no_differences_with_models(seed)


def test_what_differs_is_shrunk_to_what_is_needed() -> None:
    _, records = random_log(1)
    needed = [records[3], records[-2]]
    assert shrunk(records, lambda kept: all(one in kept for one in needed)) == needed


def test_a_difference_would_be_seen() -> None:
    program, records = random_log(1)
    oracle, product = VersionedOracle(program), ProductFold(program)
    fold_log(oracle, records)
    fold_log(product, records[:-1])
    assert differences(oracle, product, oracle.clock) != []


def assert_no_differences_in_log(seed: int) -> None:
    program, records = random_log(seed)
    _assert_none(seed, program, records, lambda some: differences_of_log(program, some))


def assert_no_differences_in_steps(seed: int) -> None:
    program, steps = random_steps(seed)
    started_at = START_AT + 40 * DAY_US if seed % 5 == 0 else None
    _assert_none(seed, program, steps, lambda some: differences_of_steps(program, some, started_at))


def assert_no_differences_with_models(seed: int) -> None:
    program, steps = random_steps_with_models(seed)
    _assert_none(seed, program, steps, lambda some: differences_of_steps(program, some))


def _assert_none(seed: int, program: Json, taken: list[Json], differ: Callable[[list[Json]], list[str]]) -> None:
    if not differ(taken):
        return
    fewest = shrunk(taken, lambda some: _still_differs(some, differ))
    lines = [f"seed {seed}", json.dumps(program), *map(json.dumps, fewest), *differ(fewest)]
    pytest.fail("\n".join(lines))


def _still_differs(some: list[Json], differ: Callable[[list[Json]], list[str]]) -> bool:
    """Tell whether fewer steps differ too; without the tick that swept a change, the next one is refused."""
    try:
        return bool(differ(some))
    except (ChangeRefusedError, ValueError):
        return False
