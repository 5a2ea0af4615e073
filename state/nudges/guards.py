"""The guards that every candidate passes, in order; the first that objects gives the reason."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from hashlib import sha256
from typing import TypeAlias

from schemas.instants import DAY_MICROSECONDS, Instant
from state.customer import CustomerState, Sent
from state.decision import Candidate, Decision
from state.nudges.kind import NudgeKind
from state.rules import Rules

_WEEK_DAYS = 7

Guard: TypeAlias = Callable[[Decision, NudgeKind, Candidate, Instant], bool]


def first_objection(decision: Decision, kind: NudgeKind, candidate: Candidate, send_at: Instant) -> str | None:
    """Return why ``candidate`` may not be sent at ``send_at``, None if it may."""
    for reason, spares_service, objects in _GUARDS:
        if not (spares_service and kind.is_service) and objects(decision, kind, candidate, send_at):
            return reason
    return None


def forget_old_sends(customer: CustomerState, now: Instant) -> None:
    """Drop the sends that no cap can count any more: a day may have 25 hours, so eight of 24 are enough for seven."""
    oldest = now - (_WEEK_DAYS + 1) * DAY_MICROSECONDS
    if customer.sent and customer.sent[0].send_at < oldest:
        customer.sent = [sent for sent in customer.sent if sent.send_at >= oldest]


def is_held_out(text: str, share: Fraction) -> bool:
    """Tell whether ``text`` falls into a control group of ``share``: u < share, u uniform in [0, 1) by SHA-256."""
    return share > 0 and _bucket(text) < share


@lru_cache(maxsize=65536)
def _bucket(text: str) -> Fraction:
    return Fraction(int.from_bytes(sha256(text.encode()).digest()[:8], "big"), 1 << 64)


def _backfill(decision: Decision, _kind: NudgeKind, _candidate: Candidate, _send_at: Instant) -> bool:
    return decision.is_backfill


def _program_change(decision: Decision, _kind: NudgeKind, _candidate: Candidate, _send_at: Instant) -> bool:
    return decision.cause == "program_change"


def _dry_run(decision: Decision, kind: NudgeKind, _candidate: Candidate, _send_at: Instant) -> bool:
    return decision.rules.kinds[kind.name].mode == "dry_run"


def _no_consent(decision: Decision, _kind: NudgeKind, _candidate: Candidate, _send_at: Instant) -> bool:
    customer = decision.customer
    return not (customer.consent_default or any(customer.consent_channels.values()))


def _service_recovery(decision: Decision, _kind: NudgeKind, _candidate: Candidate, _send_at: Instant) -> bool:
    return any(until_at > decision.now for until_at in decision.customer.returns.values())


def _holdout(decision: Decision, kind: NudgeKind, _candidate: Candidate, _send_at: Instant) -> bool:
    rules, customer_id = decision.rules, decision.customer.customer_id
    return is_held_out(f"{rules.holdout_salt}:{customer_id}", rules.holdout_share) or is_held_out(
        f"{rules.holdout_salt}:{kind.name}:{customer_id}", rules.kinds[kind.name].holdout
    )


def _cap(decision: Decision, kind: NudgeKind, _candidate: Candidate, send_at: Instant) -> bool:
    earlier = decision.customer.sent[: decision.sends_before]
    return _exceeds_caps(decision.rules, earlier, kind.name, send_at)


def _priority(decision: Decision, kind: NudgeKind, _candidate: Candidate, send_at: Instant) -> bool:
    return _exceeds_caps(decision.rules, decision.customer.sent, kind.name, send_at)


def _quiet_hours_expired(_decision: Decision, _kind: NudgeKind, candidate: Candidate, send_at: Instant) -> bool:
    return send_at >= candidate.expires_at


_GUARDS: tuple[tuple[str, bool, Guard], ...] = (
    ("backfill", False, _backfill),
    ("program_change", False, _program_change),
    ("dry_run", False, _dry_run),
    ("no_consent", False, _no_consent),
    ("service_recovery", True, _service_recovery),
    ("holdout", True, _holdout),
    ("cap", True, _cap),
    ("priority", True, _priority),
    ("quiet_hours_expired", False, _quiet_hours_expired),
)
"""Reason, whether service messages are spared, and the guard."""


def _exceeds_caps(rules: Rules, sent: Sequence[Sent], kind: str, send_at: Instant) -> bool:
    day, caps = rules.day_of(send_at), rules.caps
    in_day = in_week = of_kind = 0
    for one in sent:
        in_day += abs(send_at - one.send_at) < DAY_MICROSECONDS
        if abs(day - rules.day_of(one.send_at)) < _WEEK_DAYS:
            in_week += 1
            of_kind += one.kind == kind
    return in_day >= caps.per_day or in_week >= caps.per_week or of_kind >= caps.per_kind_and_week
