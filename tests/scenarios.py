"""All scenarios, for the oracle and for the product."""

from __future__ import annotations

from tests import (
    scenarios_guards,
    scenarios_nudges,
    scenarios_records,
    scenarios_reversals,
    scenarios_segments,
    scenarios_tiers,
)
from tests.scenario import Scenario

SCENARIOS: list[Scenario] = [
    *scenarios_tiers.SCENARIOS,
    *scenarios_reversals.SCENARIOS,
    *scenarios_nudges.SCENARIOS,
    *scenarios_guards.SCENARIOS,
    *scenarios_records.SCENARIOS,
    *scenarios_segments.SCENARIOS,
]
