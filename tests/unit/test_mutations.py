"""Each plausible mistake in `state/` makes the oracle disagree: the comparison is worth something."""

from __future__ import annotations

import pytest

from tests.logs import random_log, random_steps, random_steps_with_models
from tests.mutations import MUTATIONS, Mutation, mutated
from tests.mutations_of_scoring import MUTATIONS_OF_SCORING
from tests.product import differences_of_log, differences_of_steps

SEEDS_OF_LOGS = (16, 4, 1, 14, 55, 107)
SEED_OF_STEPS = 38
SEEDS_WITH_MODELS = (7, 12, 6, 0, 64, 103, 113, 123, 125, 108)


def the_oracle_agrees() -> bool:
    """Compare over a handful of logs, up to the first that differs."""
    return not any(differences_of_log(*random_log(seed)) for seed in SEEDS_OF_LOGS) and not differences_of_steps(
        *random_steps(SEED_OF_STEPS)
    )


def the_oracle_agrees_on_segments() -> bool:
    """Compare over a handful of steps with models, up to the first that differ."""
    return not any(differences_of_steps(*random_steps_with_models(seed)) for seed in SEEDS_WITH_MODELS)


def test_without_a_mutation_the_oracle_agrees() -> None:
    assert the_oracle_agrees()
    assert the_oracle_agrees_on_segments()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: str(mutation.name))
def test_the_oracle_disagrees_when(mutation: Mutation) -> None:
    with mutated(mutation):
        assert not the_oracle_agrees()


@pytest.mark.parametrize("mutation", MUTATIONS_OF_SCORING, ids=lambda mutation: str(mutation.name))
def test_the_oracle_disagrees_on_segments_when(mutation: Mutation) -> None:
    with mutated(mutation):
        assert not the_oracle_agrees_on_segments()


def test_a_mutation_ends() -> None:
    with mutated(MUTATIONS[0]):
        pass
    assert the_oracle_agrees()
