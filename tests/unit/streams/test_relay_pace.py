"""How often a worker begins a transaction."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.runner import relay_pace


@given(st.integers(1, 20))
def test_a_worker_begins_at_most_forty_transactions_a_second(partitions: int) -> None:
    assert partitions / relay_pace(partitions) == pytest.approx(40)


@given(st.integers(20, 10_000))
def test_no_partition_waits_for_longer_than_half_a_second(partitions: int) -> None:
    assert relay_pace(partitions) == 0.5
