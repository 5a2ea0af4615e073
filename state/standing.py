"""Scoring inside a decision: how a customer compares with others now, and which of the names changed with it."""

from hashlib import sha256
from typing import Final

from msgspec.structs import replace

from schemas.features import CustomerFacts
from schemas.instants import Instant
from state.calendar import Day
from state.customer import CustomerState, Emptied, Standing
from state.decision import Decision, SegmentChange, Trigger, decision_at
from state.rules import Rules
from state.score import NO_CLUSTER, Model, score_customer
from state.segment_reasons import Reasons, why_cluster, why_persona, why_rfm
from state.segments import persona_named
from state.sums import recent_spend

SCHEMES: Final = ("rfm", "cluster", "persona")
_NO_REASONS: Final[Reasons] = ([], None)


def follow_model(decision: Decision, model: Model | None) -> None:
    """Score the customer as of the decision; without an order that counts nothing remains of former scores."""
    if model is None:
        return
    customer, before = decision.customer, decision.customer.standing
    facts = facts_of(customer, decision.today)
    customer.model_version = model.version
    after = None
    if facts is not None:
        had_event = decision.cause == "record"
        after = _scored(before, model, facts, decision.rules, decision.level.name, decision.now, had_event=had_event)
    customer.standing = after
    if after is not None:
        customer.emptied = None
    elif before is not None:
        customer.emptied = Emptied(model.version, decision.now)
    if names_of(before) != names_of(after):
        _note_changes(decision, before, after, model, facts)


def follow_tier(decision: Decision) -> None:
    """Let the persona follow a tier that time or a change of program moved; scores stay as they are."""
    customer, before = decision.customer, decision.customer.standing
    if before is None:
        return
    persona = decision.rules.segments.persona_of(before.r, decision.level.name)
    if persona != before.persona:
        customer.standing = after = replace(before, persona=persona, since_at=decision.now)
        _note_changes(decision, before, after, None, None)


def follow_order(
    customer: CustomerState, rules: Rules, model: Model, now: Instant, order_id: str
) -> list[Decision] | None:
    """Score after an order that decides nothing else; return the decision that says which names changed, if any did.

    None, and nothing done, for a customer without scores so far. There is no floor: it would end by a decision.
    """
    before, facts = customer.standing, facts_of(customer, customer.window_day)
    if before is None or facts is None:
        return None
    customer.standing = after = _scored(before, model, facts, rules, customer.tier, now, had_event=True)
    if names_of(after) == names_of(before):
        return []
    decision = decision_at(customer, rules, now, "record", Trigger("order", order_id))
    _note_changes(decision, before, after, model, facts)
    return [decision]


def facts_of(customer: CustomerState, today: Day) -> CustomerFacts | None:
    """Return what is compared with others', None without an order that counts."""
    first, last = customer.first_order_day, customer.last_order_day
    if not customer.orders or first is None or last is None:
        return None
    return CustomerFacts(
        today - last, customer.orders, customer.spend_minor, today - first, *recent_spend(customer, today)
    )


def names_of(standing: Standing | None) -> tuple[str | None, str | None, str | None]:
    """Return the three names, in the order of `SCHEMES`."""
    return (None, None, None) if standing is None else (standing.rfm, standing.cluster, standing.persona)


def _scored(
    before: Standing | None,
    model: Model,
    facts: CustomerFacts,
    rules: Rules,
    tier: str,
    now: Instant,
    *,
    had_event: bool,
) -> Standing:
    """Return the new standing; `since_at` moves only where a name changed."""
    carried = NO_CLUSTER if before is None else before.cluster_id
    scored = score_customer(model, facts, carried, had_event=had_event)
    segments, scores, cluster = rules.segments, scored.scores, scored.cluster
    rfm, persona = segments.table[scores].name, persona_named(segments.words[scores[0] - 1], tier)
    is_same = before is not None and before.rfm == rfm and before.cluster == cluster and before.persona == persona
    since_at = before.since_at if before is not None and is_same else now
    return Standing(
        *scores,
        rfm,
        scored.cluster_id,
        cluster,
        persona,
        scored.budget_buyer,
        scored.power_user,
        since_at,
        scored.value_minor,
    )


def _note_changes(
    decision: Decision,
    before: Standing | None,
    after: Standing | None,
    model: Model | None,
    facts: CustomerFacts | None,
) -> None:
    customer, found = decision.customer, []
    for scheme, came_from, to in zip(SCHEMES, names_of(before), names_of(after), strict=True):
        if came_from == to:
            continue
        customer.segment_changes += 1
        change_id = sha256(f"{customer.customer_id}|segment|{customer.segment_changes}".encode()).hexdigest()[:32]
        criteria, counterfactual = _NO_REASONS
        if after is not None and scheme == "persona":
            criteria, counterfactual = why_persona(decision.rules.segments, after, decision.level.name)
        elif after is not None and model is not None and facts is not None:
            criteria, counterfactual = (
                why_rfm(model, facts, after, decision.rules)
                if scheme == "rfm"
                else why_cluster(model, facts, before, after, had_event=decision.cause == "record")
            )
        found.append(SegmentChange(change_id, scheme, came_from, to, criteria, counterfactual, customer.model_version))
    decision.segment_changes += tuple(found)
