"""Laws of the state: cached sums are true, nothing happens before it is due, and what is stored is what was kept."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.run import Run
from schemas.journal import Tick
from schemas.topics import CHANGES
from state.advance import due_moment
from state.customer import STATE_FORMAT, CustomerState, decode_state, encode_state
from state.decision import effective_level
from state.errors import NewerStateError, UnreadableStateError
from state.ledger import LedgerEntry, OrderEntry, decode_entry, encode_entry
from state.read_model import read_model
from state.step import step_time
from tests.builders import Json
from tests.histories import LAW, folded, histories, log_records, programs, started
from tests.oracle_rules import DAY_US

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TEN_YEARS_US = 3652 * DAY_US


# Sums


@LAW
@given(programs(), histories("c-1", "c-2"), st.sampled_from((None, 1, 29, 400)))
def test_cached_sums_are_those_of_the_ledger_after_every_step(
    program: Json, records: list[Json], then_days: int | None
) -> None:
    run = started(program)
    for record in log_records(records):
        run.take_record(record)
        assert_sums_are_true(run, program)
    if then_days is not None:
        run.take_step(Tick(run.meta.clock_at + then_days * DAY_US))
        assert_sums_are_true(run, program)


@LAW
@given(programs(), histories("c-1", "c-2"), st.sampled_from((0, 29, 400)))
def test_customers_are_counted_in_the_tier_they_have(program: Json, records: list[Json], then_days: int) -> None:
    run = folded(program, records)
    run.take_step(Tick(run.meta.clock_at + then_days * DAY_US))
    rules = run.meta.programs().current
    having = Counter(effective_level(customer, rules).name for customer in run.customers.states.values())
    assert run.meta.customers_by_tier == having
    changes = [json.loads(one.value or b"") for one in run.outputs if one.topic == CHANGES]
    moved = Counter((change["from"], change["to"]) for change in changes)
    assert moved == {(a, b): count for a, onward in run.meta.moves.items() for b, count in onward.items()}


def assert_sums_are_true(run: Run, program: Json) -> None:
    for customer_id, customer in run.customers.states.items():
        entries = run.customers.ledger(customer_id).entries.values()
        net = [pair for pair in map(net_of, entries) if pair is not None]
        in_window = [(at, minor) for at, minor in net if is_in_window(program, at, customer.now_at)]
        assert (customer.orders, customer.spend_minor) == (len(net), sum(minor for _, minor in net))
        assert (customer.window_orders, customer.window_minor) == (
            len(in_window),
            sum(minor for _, minor in in_window),
        )
        days = Counter(day_in(program, at) for at, _ in net)
        kept = Counter({bucket.day: bucket.orders for bucket in customer.days})
        assert customer.older.orders + kept.total() == days.total()


def net_of(entry: LedgerEntry | None) -> tuple[int, int] | None:
    """Return when an order counts from and its net; None where it does not count."""
    if not isinstance(entry, OrderEntry) or entry.amount_minor is None or entry.cancelled:
        return None
    net = entry.amount_minor - entry.refunded_minor
    return None if net <= 0 < entry.amount_minor else (entry.effective_at, max(0, net))


def is_in_window(program: Json, at: int, now: int) -> bool:
    tiers = program["tiers"]
    assert isinstance(tiers, dict)
    window, day, today = tiers["window"], day_in(program, at), day_in(program, now)
    if "rolling_days" in window:
        return day > today - int(window["rolling_days"])
    return "lifetime" in window or datetime.fromordinal(day).year == datetime.fromordinal(today).year


def day_in(program: Json, at: int) -> int:
    return (EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(str(program["time_zone"]))).toordinal()


# Time


@LAW
@given(programs(), histories("c-1", "c-2"))
def test_nothing_happens_before_it_is_due(program: Json, records: list[Json]) -> None:
    run = started(program)
    for record in log_records(records):
        run.take_record(record)
        for customer_id, customer in run.customers.states.items():
            assert_quiet_until_due(run, customer_id, customer)


def assert_quiet_until_due(run: Run, customer_id: str, customer: CustomerState) -> None:
    programs, ledger = run.fold.programs, run.customers.ledger(customer_id)
    moment = due_moment(customer, programs)
    quiet_until = (customer.now_at + TEN_YEARS_US if moment is None else moment) - 1
    assert run.due_of(customer_id) == moment
    assert step_time(customer, programs, quiet_until, ledger) == (customer, [])
    now, then = (read_model(customer, programs, at, ledger)["tier"] for at in (customer.now_at, quiet_until))
    assert now == then
    if moment is not None:
        after, decisions = step_time(customer, programs, moment, ledger)
        # Orders that leave without anything to say about it are no decision, but they do leave.
        assert after != customer
        assert len(decisions) <= 1


@LAW
@given(programs(), histories("c-1"))
def test_time_comes_to_an_end(program: Json, records: list[Json]) -> None:
    run = folded(program, records)
    run.take_step(Tick(run.meta.clock_at + TEN_YEARS_US))
    assert run.due_of("c-1") is None
    customer = run.customers.states["c-1"]
    kept = (customer.tier, customer.rank, customer.expires_at)
    assert kept == ("bronze", 0, None) or (customer.expires_at is None and "lifetime" in str(program["tiers"]))


# What is stored


@LAW
@given(programs(), histories("c-1", "c-2"))
def test_what_is_stored_is_what_was_kept(program: Json, records: list[Json]) -> None:
    run = folded(program, records)
    for customer_id, customer in run.customers.states.items():
        assert decode_state(encode_state(customer)) == customer
        assert encode_state(decode_state(encode_state(customer))) == encode_state(customer)
        for name, entry in run.customers.ledger(customer_id).entries.items():
            assert entry is not None
            assert decode_entry(name, encode_entry(entry)) == entry


@LAW
@given(programs(), histories("c-1"))
def test_a_state_of_format_0_is_upgraded_on_reading(program: Json, records: list[Json]) -> None:
    customer = folded(program, records).customers.states["c-1"]
    stored = json.loads(encode_state(customer))
    assert stored.pop("format") == STATE_FORMAT
    assert decode_state(json.dumps(stored).encode()) == customer


def test_a_state_of_a_newer_format_is_refused() -> None:
    stored = {"format": STATE_FORMAT + 1, "customer_id": "c", "program_version": "1.x", "now_at": 0}
    newer = json.dumps(stored | {"tier": "bronze", "since_at": 0}).encode()
    with pytest.raises(NewerStateError, match=f"format {STATE_FORMAT + 1}"):
        decode_state(newer)


@pytest.mark.parametrize("blob", [b"", b"{", b"[]", b'{"customer_id": 1}', b"\xff"])
def test_what_is_no_state_is_refused(blob: bytes) -> None:
    with pytest.raises(UnreadableStateError):
        decode_state(blob)
