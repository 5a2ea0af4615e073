"""`tier_at_risk`: the tier will not be renewed; at the warnings before its term ends, and when the grace starts."""

from state.customer import OpenNudge
from state.decision import Candidate, Decision
from state.nudges.kind import NudgeKind
from state.sums import sums_at_review
from state.terms import grace_end_of, would_renew


def _candidate(decision: Decision) -> Candidate | None:
    customer, rules = decision.customer, decision.rules
    if not (decision.grace_has_started or decision.warning_is_due):
        return None
    if customer.expires_at is None or decision.level.rank > customer.rank:
        return None
    sums = decision.sums_at_end
    if not decision.grace_has_started:
        if would_renew(customer, rules):
            return None
        sums = sums_at_review(customer, rules, rules.day_of(customer.expires_at))
    return Candidate("tier_at_risk", customer.tier, decision.level, sums, grace_end_of(customer, rules))


def _retraction(decision: Decision, _nudge: OpenNudge) -> str | None:
    if decision.tier_has_changed:
        return "tier_changed"
    if decision.has_renewed:
        return "will_renew"
    is_safe = decision.customer.grace_until is None and would_renew(decision.customer, decision.rules)
    return "will_renew" if is_safe else None


KIND = NudgeKind("tier_at_risk", _candidate, _retraction, "time", "renewal")
