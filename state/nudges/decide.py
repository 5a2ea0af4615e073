"""From a decision's facts to its nudges: candidates, guards, outcomes, retractions."""

from hashlib import sha256

from state.customer import OpenNudge, Sent
from state.decision import Candidate, Decision, Outcome, Retraction
from state.nudges import KIND_BY_NAME, KINDS
from state.nudges.guards import first_objection, forget_old_sends
from state.nudges.kind import NudgeKind
from state.nudges.quiet_hours import send_time


def decide_nudges(decision: Decision) -> None:
    """Let every kind speak in its turn; then retract what is no longer true."""
    customer = decision.customer
    forget_old_sends(customer, decision.now)
    decision.sends_before = len(customer.sent)
    issued: list[OpenNudge] = []
    for notice in _ON_TIER_CHANGE if decision.changes else ():
        notice(decision)
    for kind in _POSSIBLE[bool(decision.changes), decision.cause == "time"]:
        candidate = kind.candidate(decision)
        if candidate is not None and decision.rules.kinds[kind.name].mode != "off":
            issued += _judge(decision, kind, candidate)
    for conclude in _CONCLUDING:
        conclude(decision)
    if customer.open_nudges or issued:
        before = (nudge for nudge in customer.open_nudges if nudge.expires_at > decision.now)
        customer.open_nudges = [nudge for nudge in before if not _is_retracted(decision, nudge)] + issued


_ON_TIER_CHANGE = tuple(kind.on_tier_change for kind in KINDS if kind.on_tier_change is not None)
_CONCLUDING = tuple(kind.conclude for kind in KINDS if kind.conclude is not None)
_POSSIBLE = {
    (has_change, is_time): tuple(
        kind for kind in KINDS if {None: True, "tier_change": has_change, "time": is_time}[kind.only_after]
    )
    for has_change in (False, True)
    for is_time in (False, True)
}
"""The kinds that a decision can bring about at all, by whether the tier changed and whether time is the cause."""


def _judge(decision: Decision, kind: NudgeKind, candidate: Candidate) -> list[OpenNudge]:
    customer = decision.customer
    nudge_id = _next_id(decision, candidate)
    send_at = send_time(customer, decision.rules, decision.now)
    reason = first_objection(decision, kind, candidate, send_at)
    trigger = decision.changes[-1].trigger if decision.changes else decision.trigger
    decision.outcomes += (Outcome(candidate, nudge_id, send_at, reason, trigger),)
    kind.settle(customer, reason)
    if reason is not None:
        return []
    if not kind.is_service:
        customer.sent = [*customer.sent, Sent(send_at, kind.name)]
    return [OpenNudge(nudge_id, kind.name, candidate.target, candidate.expires_at)]


def _next_id(decision: Decision, candidate: Candidate) -> str:
    customer = decision.customer
    what = f"{candidate.kind}|{candidate.target}"
    count = customer.candidates.get(what, 0) + 1
    customer.candidates = customer.candidates | {what: count}
    return sha256(f"{customer.customer_id}|{what}|{count}".encode()).hexdigest()[:32]


def _is_retracted(decision: Decision, nudge: OpenNudge) -> bool:
    reason = KIND_BY_NAME[nudge.kind].retraction(decision, nudge)
    if reason is not None:
        decision.retractions += (Retraction(nudge, reason),)
    return reason is not None
