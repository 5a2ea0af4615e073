"""No rule goes untested unnoticed: in 300 random logs every outcome occurs."""

from __future__ import annotations

import pytest

from tests.log_stats import EXPECTED, statistics


@pytest.mark.slow
def test_every_outcome_occurs_in_300_logs() -> None:
    counts = statistics(range(300))
    assert {name for name in EXPECTED if not counts[name]} == set()
