"""All scenarios, for the oracle and for the product."""

from __future__ import annotations

from tests.scenario import Scenario
from tests.scenarios_nudges import SCENARIOS as NUDGES
from tests.scenarios_records import SCENARIOS as RECORDS
from tests.scenarios_tiers import SCENARIOS as TIERS

SCENARIOS: list[Scenario] = [*TIERS, *NUDGES, *RECORDS]
