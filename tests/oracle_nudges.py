"""The oracle's nudges: candidates of a decision, the guardrails, re-arming and retractions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.oracle_admission import Fact
from tests.oracle_bodies import because_of, nudge_body, without_met
from tests.oracle_customer import (
    Body,
    Candidate,
    Customer,
    Decision,
    Nudge,
    Sums,
    is_far,
    is_near,
    sums_at_end,
    sums_on,
    would_renew,
)
from tests.oracle_rules import DAY_US, SERVICE_KINDS, Rules, day_of, from_datetime, instant_text, start_of, to_datetime

WAITS_AFTER = ("backfill", "cap", "priority")


class NudgeFold:
    """Decides nudges of one partition; the tiers and the records come on top of it."""

    def __init__(self, rules: Rules, started_at: int | None) -> None:
        self.rules = rules
        self.started_at = started_at
        self.changes: list[Body] = []
        self.nudges: list[Body] = []
        self.suppressions: list[Body] = []

    def _nudge(self, customer: Customer, decision: Decision) -> None:
        earlier = [nudge for nudge in customer.nudges if not nudge.is_retracted]
        if decision.changes:
            customer.is_armed, customer.is_waiting = True, False
        for candidate in self._candidates(customer, decision):
            if self.rules.kinds[candidate.kind].mode != "off":
                self._guard(customer, decision, candidate)
        sums = self._sums_now(customer)
        if is_far(self.rules, customer.tier, sums):
            customer.is_armed, customer.is_waiting = True, False
        for nudge in earlier:
            reason = self._why_retract(customer, decision, nudge, sums)
            if reason is not None and decision.at < nudge.expires_at:
                nudge.is_retracted = True
                self.nudges.append(self._head("nudge.retracted", customer, decision, nudge.id, nudge.kind, reason))

    def _candidates(self, customer: Customer, decision: Decision) -> Iterable[Candidate]:
        """Yield the candidates of a decision: service messages first, then in order of priority."""
        rules, now = self.rules, self._sums_now(customer)
        if decision.changes:
            kind = "tier_upgraded" if decision.is_upward else "tier_downgraded"
            yield Candidate(
                kind, customer.tier, self._valid(kind, decision), without_met(_criteria_of(decision.changes[-1]))
            )
        if (decision.is_warning or decision.is_grace_start) and not customer.has_floor_above:
            sums = sums_at_end(rules, customer) if decision.is_warning else now
            because = because_of(rules, customer.tier, sums)
            yield Candidate("tier_at_risk", customer.tier, self._grace_end(customer), because)
        if is_near(rules, customer.tier, now) and customer.is_armed and (decision.asks or not customer.is_waiting):
            target = customer.tier + 1
            yield Candidate("tier_near", target, self._valid("tier_near", decision), because_of(rules, target, now))

    def _valid(self, kind: str, decision: Decision) -> int:
        return decision.at + self.rules.kinds[kind].valid_days * DAY_US

    def _grace_end(self, customer: Customer) -> int:
        if customer.grace_until is not None:
            return customer.grace_until
        assert customer.expires_at is not None
        end_day = day_of(customer.expires_at, self.rules.zone)
        return start_of(end_day + self.rules.grace_days, self.rules.zone)

    def _guard(self, customer: Customer, decision: Decision, candidate: Candidate) -> None:
        target = self.rules.names[candidate.level]
        customer.candidates[candidate.kind, target] += 1
        number = customer.candidates[candidate.kind, target]
        identity = sha256_hex(f"{customer.id}|{candidate.kind}|{target}|{number}")[:32]
        send_at = self._send_at(customer, decision.at)
        nudge = Nudge(identity, candidate.kind, candidate.level, send_at, candidate.expires_at)
        body = nudge_body(self.rules, customer, decision, candidate, nudge, self._sums_now(customer))
        reason = self._why_suppress(customer, decision, nudge)
        if reason is None:
            customer.nudges.append(nudge)
            decision.issued.append(nudge)
            self.nudges.append(body)
        else:
            head = self._head("nudge.suppressed", customer, decision, nudge.id, nudge.kind, reason)
            self.suppressions.append(head | {"nudge": body})
        if candidate.kind == "tier_near":
            customer.is_armed = customer.is_waiting = reason in WAITS_AFTER

    def _why_suppress(self, customer: Customer, decision: Decision, nudge: Nudge) -> str | None:
        """Return the first guardrail that holds the candidate back, or None."""
        if decision.is_bulk or (self.started_at is not None and decision.at < self.started_at):
            return "backfill"
        if decision.cause == "program_change":
            return "program_change"
        if self.rules.kinds[nudge.kind].mode == "dry_run":
            return "dry_run"
        if not _has_consent(customer.facts):
            return "no_consent"
        if nudge.kind not in SERVICE_KINDS:
            if self._has_open_return(customer, decision.at):
                return "service_recovery"
            if self._is_held_out(customer.id, nudge.kind):
                return "holdout"
            counted = [other for other in customer.nudges if other.kind not in SERVICE_KINDS]
            if self._is_capped(nudge, [other for other in counted if other not in decision.issued]):
                return "cap"
            if self._is_capped(nudge, counted):
                return "priority"
        return None if nudge.send_at < nudge.expires_at else "quiet_hours_expired"

    def _is_held_out(self, customer_id: str, kind: str) -> bool:
        def bucket(text: str) -> float:
            return int(sha256_hex(text)[:16], 16) / 2**64

        salt, share = self.rules.salt, self.rules.kinds[kind].holdout
        return bucket(f"{salt}:{customer_id}") < self.rules.share or bucket(f"{salt}:{kind}:{customer_id}") < share

    def _is_capped(self, nudge: Nudge, counted: list[Nudge]) -> bool:
        def day(at: int) -> int:
            return day_of(at, self.rules.zone)

        in_a_day = [other for other in counted if abs(other.send_at - nudge.send_at) < DAY_US]
        in_a_week = [other for other in counted if abs(day(other.send_at) - day(nudge.send_at)) < 7]
        of_the_kind = [other for other in in_a_week if other.kind == nudge.kind]
        rules = self.rules
        return (
            len(in_a_day) >= rules.per_day
            or len(in_a_week) >= rules.per_week
            or len(of_the_kind) >= rules.per_kind_and_week
        )

    def _send_at(self, customer: Customer, now: int) -> int:
        if self.rules.quiet is None:
            return now
        zone = _zone_of(customer.facts) or self.rules.zone
        begins, ends = self.rules.quiet
        local = to_datetime(now).astimezone(zone).replace(tzinfo=None)
        clock, wraps = local.time(), begins > ends
        is_quiet = (clock >= begins or clock < ends) if wraps else begins <= clock < ends
        if not is_quiet:
            return now
        end_date = local.date() + timedelta(days=1 if wraps and clock >= begins else 0)
        return from_datetime(datetime.combine(end_date, ends, zone).astimezone(UTC))

    def _has_open_return(self, customer: Customer, now: int) -> bool:
        closes_at: dict[str, int] = {}
        for fact in customer.facts:
            if fact.type == "order.returned":
                closes_at[fact.order_id] = start_of(self._today(fact.arrived_at) + 30, self.rules.zone)
            if fact.type == "order.refunded":
                closes_at.pop(fact.order_id, None)
        return any(now < end for end in closes_at.values())

    def _why_retract(self, customer: Customer, decision: Decision, nudge: Nudge, sums: Sums) -> str | None:
        """Return why an open nudge is no longer true, or None."""
        if decision.changes:
            is_reached = nudge.kind == "tier_near" and customer.tier >= nudge.level
            return "reached" if is_reached else "tier_changed"
        if nudge.kind == "tier_near" and is_far(self.rules, customer.tier, sums):
            return "no_longer_near"
        renews = decision.is_renewed or (customer.grace_until is None and would_renew(self.rules, customer))
        return "will_renew" if nudge.kind == "tier_at_risk" and renews else None

    def _head(
        self, kind: str, customer: Customer, decision: Decision, nudge_id: str, nudge_kind: str, reason: str
    ) -> Body:
        return {
            "type": kind,
            "nudge_id": nudge_id,
            "kind": nudge_kind,
            "reason": reason,
            "customer_id": customer.id,
            "at": instant_text(decision.at),
            "program_version": self.rules.program_version,
        }

    def _today(self, at: int) -> int:
        return day_of(at, self.rules.zone)

    def _sums_now(self, customer: Customer) -> Sums:
        return sums_on(self.rules, customer, self._today(customer.now))


def _zone_of(facts: Iterable[Fact]) -> ZoneInfo | None:
    named = [fact.time_zone for fact in facts if fact.type == "profile.updated" and fact.time_zone is not None]
    return ZoneInfo(named[-1]) if named else None


def _has_consent(facts: Iterable[Fact]) -> bool:
    default, channels = False, dict[str, bool]()
    for fact in facts:
        if fact.type == "consent.changed" and fact.channel in (None, "all"):
            default, channels = fact.granted, {}
        elif fact.type == "consent.changed":
            channels[str(fact.channel)] = fact.granted
    return default or any(channels.values())


def _criteria_of(change: Body) -> list[Body]:
    criteria = change["criteria"]
    assert isinstance(criteria, list)
    return criteria


def sha256_hex(text: str) -> str:
    """Return the SHA-256 of a text as hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()
