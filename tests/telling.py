"""The product, told steps as the scenarios write them."""

from __future__ import annotations

from collections.abc import Sequence

from state.customer import CustomerState
from state.outputs import Output
from tests.builders import Json
from tests.folding import fold_steps
from tests.product import ProductFold
from tests.scenario import PROGRAM, micros


def told(steps: Sequence[Json], until: str, program: Json = PROGRAM, started_at: str | None = None) -> ProductFold:
    """Return the product after the steps, when time has reached ``until``."""
    fold = ProductFold(program, started_at=None if started_at is None else micros(started_at))
    fold_steps(fold, steps)
    fold.finish(micros(until))
    return fold


def customer_of(fold: ProductFold) -> CustomerState:
    """Return c-1."""
    return fold.run.customers.states["c-1"]


def tier_of(fold: ProductFold, as_of: str) -> Json:
    """Return the tier in c-1's read model."""
    tier = fold.states(micros(as_of))["c-1"]["tier"]
    assert isinstance(tier, dict)
    return tier


def records_of(steps: Sequence[Json]) -> list[Json]:
    """Return the records of the steps."""
    return [record for one in steps for record in [one["record"]] if isinstance(record, dict)]


def ats(bodies: Sequence[Json], **wanted: str) -> list[object]:
    """Return when those bodies were said that have these fields."""
    return [one["at"] for one in bodies if all(one.get(name) == value for name, value in wanted.items())]


def of_topic(outputs: Sequence[Output], topic: str) -> list[Output]:
    """Return what is for that topic."""
    return [output for output in outputs if output.topic == topic]
