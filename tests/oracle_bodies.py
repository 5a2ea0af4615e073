"""The bodies that the oracle writes: tier.changed, nudge.issued and the read model, as CONTRACTS has them."""

from __future__ import annotations

import hashlib
from fractions import Fraction

from tests.oracle_customer import (
    Body,
    Candidate,
    Customer,
    Decision,
    Nudge,
    Sums,
    Trigger,
    criteria_of,
    is_near,
    sums_on,
    would_renew,
)
from tests.oracle_rules import Level, Rules, day_of, instant_text, money, start_of


def change_body(
    rules: Rules, customer: Customer, at: int, source: int, source_name: str, trigger: Trigger, sums: Sums
) -> Body:
    """Return a tier.changed; upwards it is told by the criteria of the new tier, downwards by those of the old."""
    target = customer.tier
    is_upward = target >= source
    told = target if is_upward else source
    following = target + 1 if is_upward else source
    low, high = min(source, target), max(source, target)
    return {
        "type": "tier.changed",
        "change_id": _short_hash(f"{customer.id}|tier|{customer.changes_count}"),
        "customer_id": customer.id,
        "at": instant_text(at),
        "program_version": rules.program_version,
        "from": source_name,
        "to": customer.tier_name,
        "skipped": rules.names[low + 1 : high],
        "trigger": {"kind": trigger.kind, "id": trigger.id},
        "criteria": _criteria(rules, told, sums),
        "counterfactual": _counterfactual(rules, following, sums),
        "term": _term(rules, customer, at),
    }


def _criteria(rules: Rules, level: int, sums: Sums) -> list[Body]:
    return [
        {
            "name": name,
            "value": _shown(rules, name, value),
            "threshold": _shown(rules, name, threshold),
            "met": value >= threshold,
        }
        for name, value, threshold in criteria_of(rules.levels[level], sums)
    ]


def _counterfactual(rules: Rules, level: int, sums: Sums) -> Body | None:
    if level > rules.top:
        return None
    return {"level": rules.names[level], "missing": _missing(rules, rules.levels[level], sums)}


def _term(rules: Rules, customer: Customer, at: int) -> Body:
    if customer.has_floor_above and customer.floor_until is not None:
        return {"starts_at": instant_text(at), "ends_at": instant_text(customer.floor_until)}
    starts_at = start_of(customer.term_day, rules.zone)
    return {"starts_at": instant_text(starts_at), "ends_at": _instant_or_none(customer.expires_at)}


def because_of(rules: Rules, level: int, sums: Sums) -> list[Body]:
    """Return a level's criteria with value and threshold."""
    return without_met(_criteria(rules, level, sums))


def without_met(criteria: list[Body]) -> list[Body]:
    """Return criteria with name, value and threshold only."""
    return [{name: told for name, told in criterion.items() if name != "met"} for criterion in criteria]


def nudge_body(
    rules: Rules, customer: Customer, decision: Decision, candidate: Candidate, nudge: Nudge, sums: Sums
) -> Body:
    """Return the nudge.issued of a candidate."""
    ahead = _next(rules, customer.tier, sums) or {}
    incentive = rules.kinds[nudge.kind].incentive
    return {
        "type": "nudge.issued",
        "nudge_id": nudge.id,
        "kind": nudge.kind,
        "customer_id": customer.id,
        "at": instant_text(decision.at),
        "program_version": rules.program_version,
        "tier": customer.tier_name,
        "next_tier": ahead.get("name"),
        "missing": ahead.get("missing"),
        "progress": ahead.get("progress"),
        "cheapest_path": ahead.get("cheapest_path"),
        "not_before": instant_text(nudge.send_at),
        "expires_at": instant_text(nudge.expires_at),
        "incentive": None if incentive is None else {"percent": incentive},
        "segment": customer.segments.get("rfm"),
        "clv_90d": None if customer.value is None else money(customer.value, rules.currency),
        "because": candidate.because,
        "trigger": {"kind": decision.trigger.kind, "id": decision.trigger.id},
    }


def read_model(rules: Rules, customer: Customer, as_of: int, partition: int) -> Body:
    """Return the read model of CONTRACTS as of an instant."""
    today = day_of(as_of, rules.zone)
    return {
        "customer_id": customer.id,
        "as_of": instant_text(as_of),
        "program_version": rules.program_version,
        "model_version": customer.model_version,
        "tier": _tier(rules, customer, sums_on(rules, customer, today)),
        "rfm": _rfm(rules, customer, today),
        "segment": _segment(customer),
        "clv_90d": None if customer.value is None else money(customer.value, rules.currency),
        "source": {"partition": partition, "offset": customer.offset},
    }


def _tier(rules: Rules, customer: Customer, sums: Sums) -> Body:
    is_floor = customer.has_floor_above
    return {
        "name": customer.tier_name,
        "since": instant_text(customer.since),
        "expires_at": _instant_or_none(customer.floor_until if is_floor else customer.expires_at),
        "grace_until": _instant_or_none(None if is_floor else customer.grace_until),
        "at_expiration": rules.names[_level_at_expiration(rules, customer)],
        "next": _next(rules, customer.tier, sums, with_near=True),
    }


def _level_at_expiration(rules: Rules, customer: Customer) -> int:
    if customer.has_floor_above or customer.expires_at is None:
        return customer.earned
    if customer.grace_until is None and would_renew(rules, customer):
        return customer.earned
    return customer.earned - 1


def _next(rules: Rules, tier: int, sums: Sums, *, with_near: bool = False) -> Body | None:
    if tier == rules.top:
        return None
    level = rules.levels[tier + 1]
    progress: dict[str, float | None] = {"spend": None, "orders": None}
    for name, value, threshold in criteria_of(level, sums):
        progress[name] = min(1.0, value / threshold)
    body: Body = {"name": level.name, "missing": _missing(rules, level, sums), "progress": progress}
    if with_near:
        body["near"] = is_near(rules, tier, sums)
    return body | {"cheapest_path": _cheapest_path(rules, level, sums)}


def _cheapest_path(rules: Rules, level: Level, sums: Sums) -> str | None:
    criteria = criteria_of(level, sums)
    if rules.match_all:
        unmet = [name for name, value, threshold in criteria if value < threshold]
        return "both" if len(unmet) == 2 else next(iter(unmet), None)
    ratios = {name: min(Fraction(1), Fraction(value, threshold)) for name, value, threshold in criteria}
    return max(ratios, key=lambda name: ratios[name], default=None)


def _missing(rules: Rules, level: Level, sums: Sums) -> Body:
    missing: Body = {"spend": None, "orders": None}
    for name, value, threshold in criteria_of(level, sums):
        missing[name] = _shown(rules, name, max(0, threshold - value))
    return missing


def _rfm(rules: Rules, customer: Customer, today: int) -> Body:
    counting = customer.counting(rules.zone)
    days = [day for day, _ in counting]
    monetary = sum(sums.spend for _, sums in counting)
    # round() of a Fraction is half-even.
    aov = round(Fraction(monetary, len(days))) if days else None
    return {
        "recency_days": today - max(days) if days else None,
        "frequency": len(days),
        "monetary": money(monetary, rules.currency),
        "aov": None if aov is None else money(aov, rules.currency),
        "tenure_days": today - min(days) if days else None,
        "scores": {"r": None, "f": None, "m": None} if customer.scores is None else customer.scores._asdict(),
    }


def _segment(customer: Customer) -> Body:
    since = customer.segment_since
    return {
        **{scheme: customer.segments.get(scheme) for scheme in ("rfm", "cluster", "persona")},
        "traits": customer.traits,
        "since": None if since is None else instant_text(since),
    }


def _shown(rules: Rules, name: str, value: int) -> object:
    return money(value, rules.currency) if name == "spend" else value


def _instant_or_none(at: int | None) -> str | None:
    return None if at is None else instant_text(at)


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
