"""All scenarios, for the oracle and for the product."""

from __future__ import annotations

from tests import (
    scenarios_caps,
    scenarios_chains,
    scenarios_guards,
    scenarios_nudges,
    scenarios_records,
    scenarios_reversals,
    scenarios_segments,
    scenarios_sums,
    scenarios_tiers,
    scenarios_windows,
)
from tests.scenario import Scenario

SCENARIOS: list[Scenario] = [
    *scenarios_windows.SCENARIOS,
    *scenarios_tiers.SCENARIOS,
    *scenarios_reversals.SCENARIOS,
    *scenarios_chains.SCENARIOS,
    *scenarios_nudges.SCENARIOS,
    *scenarios_guards.SCENARIOS,
    *scenarios_caps.SCENARIOS,
    *scenarios_records.SCENARIOS,
    *scenarios_sums.SCENARIOS,
    *scenarios_segments.SCENARIOS,
]
