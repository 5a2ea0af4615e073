"""`tier_near`: the next tier is within reach; asked once until the customer is far again or the tier changes."""

from typing import Final

from state.customer import CustomerState, OpenNudge
from state.decision import Candidate, Decision
from state.levels import is_far, is_near
from state.nudges.kind import NudgeKind

_ASKED_AGAIN: Final = frozenset({"backfill", "cap", "priority"})


def _candidate(decision: Decision) -> Candidate | None:
    customer, level = decision.customer, decision.next_level
    if level is None or not customer.near_armed or (customer.near_waiting and not decision.asks):
        return None
    if not is_near(decision.rules, level, decision.sums_at_end):
        return None
    expires_at = decision.now + decision.rules.kinds["tier_near"].valid_for
    return Candidate("tier_near", level.name, level, decision.sums_at_end, expires_at)


def _retraction(decision: Decision, nudge: OpenNudge) -> str | None:
    if decision.tier_has_changed:
        target = decision.rules.rank_of(nudge.target)
        return "reached" if target is not None and decision.level.rank >= target else "tier_changed"
    level = decision.next_level
    return "no_longer_near" if level is not None and is_far(decision.rules, level, decision.sums_at_end) else None


def _arm_for_another_tier(decision: Decision) -> None:
    _arm(decision.customer)


def _arm_when_far(decision: Decision) -> None:
    level = decision.next_level
    if level is not None and is_far(decision.rules, level, decision.sums_at_end):
        _arm(decision.customer)


def _arm(customer: CustomerState) -> None:
    customer.near_armed, customer.near_waiting = True, False


def _settle(customer: CustomerState, reason: str | None) -> None:
    customer.near_armed = customer.near_waiting = reason in _ASKED_AGAIN


KIND = NudgeKind(
    "tier_near",
    _candidate,
    _retraction,
    stands_until="far",
    on_tier_change=_arm_for_another_tier,
    settle=_settle,
    conclude=_arm_when_far,
)
