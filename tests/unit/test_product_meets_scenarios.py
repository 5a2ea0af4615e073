"""The product meets every scenario that was worked out by hand from the text of the rules."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.folding import Fold
from tests.product import Json, ProductFold, program_of
from tests.scenario import Scenario, check
from tests.scenarios import SCENARIOS


class NamedProduct(ProductFold):
    """The product, with the names that the scenarios give to versions of the program."""

    def __init__(self, program: Mapping[str, object], started_at: int | None) -> None:
        super().__init__(program, started_at=started_at)
        self._names = {program_of(program).version_id: "v1"}

    def change_program(self, at: int, program: Mapping[str, object], program_version: str) -> None:
        self._names[program_of(program).version_id] = program_version
        super().change_program(at, program, program_version)

    def states(self, as_of: int) -> dict[str, Json]:
        found = super().states(as_of).items()
        return {one: body | {"program_version": self._names[str(body["program_version"])]} for one, body in found}


def a_product(program: Mapping[str, object], started_at: int | None) -> Fold:
    return NamedProduct(program, started_at)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: str(scenario.name))
def test_the_product_meets(scenario: Scenario) -> None:
    check(scenario, a_product)
