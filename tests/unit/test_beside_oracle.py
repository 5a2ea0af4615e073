"""How fault tests drive the oracle along a journal: every tick counts where the stamps of records do not rise."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from schemas.journal import Records, Start, Step, Tick
from schemas.record import LogRecord
from schemas.topics import CHANGES, CONSENTS, INPUTS, ORDERS
from state.fold import Fold
from state.memory import CustomersInMemory
from state.meta import PartitionMeta
from tests import builders
from tests.integration.along import replayed
from tests.integration.beside_oracle import History, Json, fold_half
from tests.integration.installation import as_bytes
from tests.product import program_of

NOON_MS = 1_488_369_600_000
MINUTE_MS = 60_000
PROGRAM: Json = {"version": 1, "currency": "USD"}


@pytest.fixture
def history() -> History:
    """A tier that ends at noon, a tick an hour later, and only then the record of an order from before noon."""
    tier = builders.a_manual_tier("gold", "2017-03-01T12:00:00Z", "2017-03-01T11:00:00Z")
    order = builders.an_order("o-1", "900.00", "2017-03-01T11:58:00Z")
    inputs = {
        CONSENTS: [_record(CONSENTS, tier, NOON_MS - 60 * MINUTE_MS)],
        ORDERS: [_record(ORDERS, order, NOON_MS - MINUTE_MS)],
    }
    start = Start(None, dict.fromkeys(INPUTS, 0), {}, program_of(PROGRAM).canonical_json())
    tick_at = (NOON_MS + 60 * MINUTE_MS) * 1000
    steps: list[Step] = [start, Records(CONSENTS, 1), Tick(tick_at), Records(ORDERS, 1)]
    return History(PROGRAM, inputs, steps, {}, is_ordered=False, end_at=tick_at)


def test_an_older_record_behind_a_tick_finds_what_the_tick_did(history: History) -> None:
    assert _changes_of_oracle(history) == _changes_of_product(history)
    assert [change["at"] for change in _changes_of_product(history)][1:] == ["2017-03-01T12:00:00Z"] * 2


def test_without_its_ticks_the_oracle_would_have_taken_the_record_first(history: History) -> None:
    assert _changes_of_oracle(replace(history, is_ordered=True)) != _changes_of_product(history)


def test_only_a_tick_beyond_every_record_is_one_of_the_wall(history: History) -> None:
    assert history.wall_ticks() == 1
    before = Tick((NOON_MS - 60 * MINUTE_MS) * 1000)
    assert replace(history, steps=[*history.steps[:2], before, *history.steps[3:]]).wall_ticks() == 0


def _record(topic: str, value: Json, timestamp_ms: int) -> LogRecord:
    key, encoded = as_bytes(value)
    return LogRecord(topic, 0, 0, timestamp_ms, key, encoded, ())


def _changes_of_oracle(history: History) -> list[Json]:
    odd = b"c-1"[-1] % 2
    return fold_half(history, odd)[0][CHANGES]["c-1"]


def _changes_of_product(history: History) -> list[Json]:
    customers = CustomersInMemory()
    inputs = {topic: {record.offset: record for record in records} for topic, records in history.inputs.items()}
    outputs = replayed(Fold(PartitionMeta(partition=0), customers), customers, history.steps, inputs, {})
    return [json.loads(output.value or b"") for output in outputs if output.topic == CHANGES]
