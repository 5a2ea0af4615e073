"""The oracle meets every scenario that was worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.folding import Fold
from tests.oracle import Oracle
from tests.scenario import Scenario, check
from tests.scenarios import SCENARIOS


def an_oracle(program: Mapping[str, object], started_at: int | None) -> Fold:
    return Oracle(program, "v1", started_at=started_at)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: str(scenario.name))
def test_the_oracle_meets(scenario: Scenario) -> None:
    check(scenario, an_oracle)


def test_every_scenario_has_its_own_name() -> None:
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)
