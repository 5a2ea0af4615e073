"""`tier_upgraded` and `tier_downgraded`: service messages about the last tier change of a decision."""

from state.customer import OpenNudge
from state.decision import Candidate, Decision
from state.nudges.kind import NudgeKind


def _upgraded(decision: Decision) -> Candidate | None:
    return _message(decision, "tier_upgraded", upwards=True)


def _downgraded(decision: Decision) -> Candidate | None:
    return _message(decision, "tier_downgraded", upwards=False)


def _message(decision: Decision, kind: str, *, upwards: bool) -> Candidate | None:
    last = decision.changes[-1]
    if last.is_upwards != upwards:
        return None
    because = last.to if upwards else last.came_from
    expires_at = decision.now + decision.rules.kinds[kind].valid_for
    return Candidate(kind, last.to.name, because, last.sums, expires_at)


def _retraction(decision: Decision, _nudge: OpenNudge) -> str | None:
    return "tier_changed" if decision.tier_has_changed else None


UPGRADED = NudgeKind("tier_upgraded", _upgraded, _retraction, "tier_change", "tier_change", is_service=True)
DOWNGRADED = NudgeKind("tier_downgraded", _downgraded, _retraction, "tier_change", "tier_change", is_service=True)
