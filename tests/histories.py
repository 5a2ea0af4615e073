"""Histories of customers for hypothesis: what a shop may send, each order, refund and return id once."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st

from replay.log_file import parse_record
from replay.run import Run
from schemas.journal import ModelAdoption, Start, Tick
from schemas.record import LogRecord
from schemas.topics import INPUTS
from tests.builders import (
    Json,
    a_cancellation,
    a_consent,
    a_manual_tier,
    a_record,
    a_refund,
    a_reinstatement,
    a_return,
    an_order,
)
from tests.log_models import random_snapshot
from tests.oracle_rules import DAY_US, HOUR_US, SECOND_US, instant_text
from tests.product import model_from, program_of
from tests.scenario import micros, with_rules

BEGIN_AT = micros("03-01 12:00")
LAW = settings(deadline=None, max_examples=100)
WINDOWS: tuple[Json, ...] = ({"rolling_days": 30}, {"rolling_days": 7}, {"calendar_year": True}, {"lifetime": True})
ZONES = ("UTC", "America/Santiago", "Asia/Kathmandu")
GAPS_US = (0, SECOND_US, 5 * HOUR_US, DAY_US, 9 * DAY_US, 31 * DAY_US, 200 * DAY_US)
KINDS = (*("order",) * 6, "refund", "refund", "cancel", "reinstate", "return", "floor")
LATE_BY_US = (0, 0, SECOND_US, HOUR_US, 3 * DAY_US, 40 * DAY_US)


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that a shop tells: what, of whom, about which order, how much, how long after the last, how late."""

    kind: str
    customer_id: str
    about: int
    cents: int
    gap_us: int
    late_by_us: int


def programs() -> st.SearchStrategy[Json]:
    """Return the scenarios' program with each window, in several zones."""
    return st.builds(
        lambda window, zone: with_rules({"window": window}, time_zone=zone),
        st.sampled_from(WINDOWS),
        st.sampled_from(ZONES),
    )


def histories(*customers: str, most: int = 20) -> st.SearchStrategy[list[Json]]:
    """Return records in order of time, consents first; ids carry the record's number, so that none comes twice."""
    happenings = st.builds(
        Happening,
        st.sampled_from(KINDS),
        st.sampled_from(customers),
        st.integers(0, 7),
        st.integers(0, 12_000),
        st.sampled_from(GAPS_US),
        st.sampled_from(LATE_BY_US),
    )
    return st.lists(happenings, min_size=1, max_size=most).map(lambda told: _records(customers, told))


def money(cents: int) -> str:
    """Return the amount as it stands on the wire."""
    return f"{cents // 100}.{cents % 100:02d}"


def log_records(records: list[Json]) -> list[LogRecord]:
    """Return the records as Kafka would hold them, numbered within their topics."""
    offsets: dict[str, int] = {}
    return [parse_record(json.dumps(record).encode(), offsets) for record in records]


def started(program: Json) -> Run:
    """Return a run at its first step."""
    run = Run()
    run.take_step(Start(None, dict.fromkeys(INPUTS, 0), {}, program_of(program).canonical_json()))
    return run


def folded(program: Json, records: list[Json]) -> Run:
    """Return a run that took the records in their order."""
    run = started(program)
    for record in log_records(records):
        run.take_record(record)
    return run


def snapshots() -> st.SearchStrategy[Json]:
    """Return published snapshots for customers as these histories have them."""
    return st.integers(0, 2**32).map(lambda seed: random_snapshot(random.Random(seed), {}))


def adopted(run: Run, snapshot: Json, version: int = 0, *, sweeps: bool = True) -> Run:
    """Return the run after it adopted a model at its clock; without a sweep each record to come meets it first."""
    at = run.meta.clock_at
    run.adopt(ModelAdoption(version, at), model_from(version, snapshot))
    if sweeps:
        run.take_step(Tick(at))
    return run


def folded_with(snapshot: Json, program: Json, records: list[Json], after: int, *, sweeps: bool = True) -> Run:
    """Return a run that took the records in their order, and adopted a model after some of them."""
    run = adopted(folded(program, records[:after]), snapshot, sweeps=sweeps)
    for record in log_records(records)[after:]:
        run.take_record(record)
    return run


def _records(customers: tuple[str, ...], told: list[Happening]) -> list[Json]:
    at = BEGIN_AT
    records = [a_record(a_consent(customer_id=one), at // 1000) for one in customers]
    for number, happening in enumerate(told):
        at += happening.gap_us
        records.append(a_record(_value(happening, number, at), at // 1000))
    return records


def _value(told: Happening, number: int, at: int) -> Json:
    when, order_id, amount = instant_text(at - told.late_by_us), f"o-{told.about}", money(told.cents)
    if told.kind == "order":
        value = an_order(f"o-{number}", amount, when)
    elif told.kind == "refund":
        value = a_refund(f"r-{number}", order_id, amount, when)
    elif told.kind == "return":
        value = a_return(f"b-{number}", order_id, when)
    elif told.kind == "floor":
        value = a_manual_tier("gold", instant_text(at + 20 * DAY_US), when)
    else:
        value = {"cancel": a_cancellation, "reinstate": a_reinstatement}[told.kind](order_id, when)
    return value | {"customer_id": told.customer_id}
