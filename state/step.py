"""The story: advance, apply, score, tier, decide nudges, guard. Live, in replay and in tests; no clock, no I/O."""

import msgspec

from schemas.decoded import Event
from schemas.instants import HOUR_MICROSECONDS, Instant
from state.advance import advance, conclude, note_due
from state.apply import StepResult, apply_event, trigger_of
from state.customer import STATE_FORMAT, CustomerState, Source
from state.decision import Decision, decision_at
from state.in_force import Programs
from state.ledger import Ledger, LedgerView
from state.quiet import place_quietly
from state.sums import roll_window

_BULK_LOAD_AFTER = 48 * HOUR_MICROSECONDS


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """How the log brought an event: when it learnt of it, and from where."""

    timestamp_at: Instant
    source: Source
    erased_at: Instant | None = None
    """When an earlier customer of this id was erased."""


def step(
    before: CustomerState | None, event: Event, programs: Programs, arrival: Arrival, ledger: Ledger
) -> StepResult:
    """Return what follows from one event of one customer; ``before`` stays as it is.

    Raises `LedgerNeeded` where a full refund, a cancellation or a change of program has to see every order.
    """
    if before is not None and event.type == "order.placed":
        quiet = place_quietly(before, event, programs, arrival.timestamp_at, arrival.source, ledger)
        if quiet is not None:
            return quiet
    now = arrival.timestamp_at if before is None else max(arrival.timestamp_at, before.now_at)
    customer = _newcomer(event, programs, now, arrival) if before is None else before.copy()
    view = LedgerView(customer.customer_id, ledger)
    decisions = advance(customer, programs, now, view)
    if decisions and event.type == "order.placed":
        # Time had its say; the order itself may still decide nothing.
        quiet = place_quietly(customer, event, programs, now, arrival.source, ledger)
        if quiet is not None:
            return msgspec.structs.replace(quiet, decisions=decisions + quiet.decisions)
    customer.now_at = now
    customer.source = arrival.source
    decision = _decision_on(customer, event, programs, arrival)
    roll_window(customer, decision.rules, decision.today)
    fate = apply_event(decision, event, view)
    if fate == "applied":
        conclude(decision, programs.models.of(customer))
        decisions.append(decision)
        note_due(customer, programs)
    return StepResult(customer, decisions, fate, view.written)


def step_time(
    before: CustomerState, programs: Programs, until_at: Instant, ledger: Ledger
) -> tuple[CustomerState, list[Decision]]:
    """Return what time alone does to a customer up to and including ``until_at``; ``before`` stays as it is."""
    customer = before.copy()
    decisions = advance(customer, programs, until_at, LedgerView(customer.customer_id, ledger))
    return customer, decisions


def _decision_on(customer: CustomerState, event: Event, programs: Programs, arrival: Arrival) -> Decision:
    started_at = programs.started_at
    is_early = started_at is not None and customer.now_at < started_at
    is_bulk_load = event.occurred_at < arrival.timestamp_at - _BULK_LOAD_AFTER
    return decision_at(
        customer,
        programs.of(customer),
        customer.now_at,
        "record",
        trigger_of(event),
        is_backfill=is_early or is_bulk_load,
    )


def _newcomer(event: Event, programs: Programs, now: Instant, arrival: Arrival) -> CustomerState:
    rules, today = programs.current, programs.current.day_of(now)
    return CustomerState(
        format=STATE_FORMAT,
        customer_id=event.customer_id,
        program_version=rules.program_version,
        now_at=now,
        erased_at=arrival.erased_at,
        tier=rules.levels[0].name,
        since_at=now,
        window_day=today,
        term_day=today,
        model_version=programs.models.version,
    )
