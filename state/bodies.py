"""The bodies of what a decision says, as they stand on the topics (`schemas.outputs` describes them)."""

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from schemas.instants import Instant, format_instant
from schemas.money import format_minor
from schemas.topics import CHANGES, NUDGES, SUPPRESSIONS
from state.decision import Decision, Outcome, Retraction, SegmentChange, TierChange, Trigger
from state.levels import Way, way_to
from state.rules import Criterion, Rules
from state.sums import Sums

Body: TypeAlias = dict[str, object]


class Message(NamedTuple):
    """One output: where it goes, its deterministic CloudEvents id, and its body."""

    topic: str
    id: str
    type: str
    at: str
    body: Body


def messages_of(decision: Decision) -> Iterator[Message]:
    """Yield what ``decision`` says: tier changes, segment changes, nudges and suppressions, retractions."""
    at = format_instant(decision.now)
    stamp: Body = {
        "customer_id": decision.customer.customer_id,
        "at": at,
        "program_version": decision.rules.program_version,
    }
    for change in decision.changes:
        yield Message(CHANGES, change.change_id, "tier.changed", at, _tier_changed(decision, change, stamp))
    for moved in decision.segment_changes:
        yield Message(CHANGES, moved.change_id, "segment.changed", at, _segment_changed(decision, moved, stamp))
    for outcome in decision.outcomes:
        body = _nudge_issued(decision, outcome, stamp)
        if outcome.reason is None:
            yield Message(NUDGES, outcome.nudge_id, "nudge.issued", at, body)
        else:
            body = _nudge_suppressed(outcome, body, stamp)
            yield Message(SUPPRESSIONS, outcome.nudge_id, "nudge.suppressed", at, body)
    for retraction in decision.retractions:
        message_id = retraction.nudge.nudge_id + ":retracted"
        yield Message(NUDGES, message_id, "nudge.retracted", at, _nudge_retracted(retraction, stamp))


def missing_on(way: Way, rules: Rules) -> Body:
    """Return ``missing``: money as text, None for a criterion the level leaves out."""
    return {"spend": optional_money(way.missing_minor, rules), "orders": way.missing_orders}


def optional_money(minor: int | None, rules: Rules) -> str | None:
    """Return ``minor`` as text in the program's currency, None for None."""
    return None if minor is None else format_minor(minor, rules.currency)


def optional_instant(at: Instant | None) -> str | None:
    """Return ``at`` as text, None for None."""
    return None if at is None else format_instant(at)


def _tier_changed(decision: Decision, change: TierChange, stamp: Body) -> Body:
    rules, lower, upper = decision.rules, *sorted((change.came_from.rank, change.to.rank))
    is_upwards = change.is_upwards
    asked = change.to if is_upwards else change.came_from
    return {
        "type": "tier.changed",
        "change_id": change.change_id,
        **stamp,
        "from": change.came_from.name,
        "to": change.to.name,
        "skipped": [level.name for level in rules.levels[lower + 1 : upper]],
        "trigger": _trigger(change.trigger),
        "criteria": [
            {**_because(rules, criterion, change.sums), "met": change.sums[criterion.column] >= criterion.threshold}
            for criterion in asked.criteria
        ],
        "counterfactual": _counterfactual(decision, change, is_upwards=is_upwards),
        "term": {"starts_at": format_instant(change.term_starts_at), "ends_at": optional_instant(change.term_ends_at)},
    }


def _segment_changed(decision: Decision, change: SegmentChange, stamp: Body) -> Body:
    return {
        "type": "segment.changed",
        "change_id": change.change_id,
        **stamp,
        "scheme": change.scheme,
        "from": change.came_from,
        "to": change.to,
        "trigger": _trigger(decision.trigger),
        "criteria": change.criteria,
        "counterfactual": change.counterfactual,
        "model_version": change.model_version,
    }


def _counterfactual(decision: Decision, change: TierChange, *, is_upwards: bool) -> Body | None:
    """What was missing to the level above, or to the level that was lost."""
    levels = decision.rules.levels
    level = levels[change.came_from.rank]
    if is_upwards:
        if change.to.rank + 1 == len(levels):
            return None
        level = levels[change.to.rank + 1]
    return {"level": level.name, "missing": missing_on(way_to(decision.rules, level, change.sums), decision.rules)}


def _nudge_issued(decision: Decision, outcome: Outcome, stamp: Body) -> Body:
    rules, candidate, level = decision.rules, outcome.candidate, decision.next_level
    way = None if level is None else way_to(rules, level, decision.sums_at_end)
    percent = rules.kinds[candidate.kind].incentive_percent
    return {
        "type": "nudge.issued",
        "nudge_id": outcome.nudge_id,
        "kind": candidate.kind,
        **stamp,
        "tier": decision.level.name,
        "next_tier": None if level is None else level.name,
        "missing": None if way is None else missing_on(way, rules),
        "progress": None if way is None else {"spend": way.spend_progress, "orders": way.orders_progress},
        "cheapest_path": None if way is None else way.cheapest_path,
        "not_before": format_instant(outcome.not_before),
        "expires_at": format_instant(candidate.expires_at),
        "incentive": None if percent is None else {"percent": percent},
        "segment": decision.segment_at_end,
        "clv_90d": optional_money(decision.value_minor_at_end, rules),
        "because": [_because(rules, criterion, candidate.sums) for criterion in candidate.because.criteria],
        "trigger": _trigger(outcome.trigger),
    }


def _nudge_suppressed(outcome: Outcome, withheld: Body, stamp: Body) -> Body:
    return {
        "type": "nudge.suppressed",
        "nudge_id": outcome.nudge_id,
        "kind": outcome.candidate.kind,
        "reason": outcome.reason,
        **stamp,
        "nudge": withheld,
    }


def _nudge_retracted(retraction: Retraction, stamp: Body) -> Body:
    return {
        "type": "nudge.retracted",
        "nudge_id": retraction.nudge.nudge_id,
        "kind": retraction.nudge.kind,
        "reason": retraction.reason,
        **stamp,
    }


def _because(rules: Rules, criterion: Criterion, sums: Sums) -> Body:
    value, threshold = sums[criterion.column], criterion.threshold
    if criterion.name == "orders":
        return {"name": "orders", "value": value, "threshold": threshold}
    return {
        "name": "spend",
        "value": format_minor(value, rules.currency),
        "threshold": format_minor(threshold, rules.currency),
    }


def _trigger(trigger: Trigger) -> Body:
    return {"kind": trigger.kind, "id": trigger.id}
