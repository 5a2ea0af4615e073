"""What the oracle remembers of one customer, and everything it computes from the list of facts, from scratch."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tests.oracle_admission import Fact
from tests.oracle_definitions import Scores
from tests.oracle_rules import Level, Rules, day_of, year_of

Body = dict[str, object]


class Sums(NamedTuple):
    """Net spend in minor units and the number of orders."""

    spend: int
    orders: int


class Trigger(NamedTuple):
    """What caused a change or a nudge."""

    kind: str
    id: str | None


@dataclass(frozen=True)
class Chain:
    """Upgrades that a refund can still reverse together: the tier and term before the first, the day of the last."""

    before: int
    term_day: int
    expires_at: int | None
    grant_day: int


class Debounce(NamedTuple):
    """A refund that waits to lower the tier."""

    ends_at: int
    trigger: Trigger


class Candidate(NamedTuple):
    """A nudge before the guardrails."""

    kind: str
    level: int
    expires_at: int
    because: list[Body]


@dataclass
class Nudge:
    """An issued nudge; ``level`` is the index of its target tier."""

    id: str
    kind: str
    level: int
    send_at: int
    expires_at: int
    is_retracted: bool = False


@dataclass
class Decision:
    """One decision: on a record, on the due moments of one instant, or on a change of program."""

    at: int
    cause: str
    trigger: Trigger
    asks: bool = False
    is_bulk: bool = False
    is_upward: bool = False
    is_renewed: bool = False
    is_warning: bool = False
    is_grace_start: bool = False
    changes: list[Body] = field(default_factory=list)
    issued: list[Nudge] = field(default_factory=list)


class Customer:
    """Facts in order of arrival, and the standing that the facts alone do not tell."""

    def __init__(self, customer_id: str, now: int, lowest: str) -> None:
        self.id = customer_id
        self.now = now
        self.offset = 0
        self.facts: list[Fact] = []
        self.earned = 0
        self.term_day = 0
        self.expires_at: int | None = None
        self.grace_until: int | None = None
        self.chain: Chain | None = None
        self.debounce: Debounce | None = None
        self.floor: int | None = None
        self.floor_until: int | None = None
        self.tier = 0
        self.tier_name = lowest
        self.since = now
        self.is_armed = True
        self.is_waiting = False
        self.nudges: list[Nudge] = []
        self.candidates: Counter[tuple[str, str]] = Counter()
        self.changes_count = 0
        self.segments: dict[str, str | None] = {}
        self.segment_since: int | None = None
        self.segment_changes = 0
        self.scores: Scores | None = None
        self.cluster_id: int | None = None
        self.traits: list[str] = []
        self.value: int | None = None
        self.model_version: int | None = None
        self._zone: ZoneInfo | None = None
        self._looked_at = 0
        self._by_order: dict[str, list[Fact]] = {}
        self._placed: dict[str, tuple[int, Sums]] = {}
        self._counting: list[tuple[int, Sums]] = []

    def counting(self, zone: ZoneInfo) -> list[tuple[int, Sums]]:
        """Return (day, sums) of every order that counts, by arrival of the order.

        Facts only grow, so no order is looked at again before there is another fact of it.
        """
        if zone != self._zone:
            self._zone, self._looked_at, self._by_order, self._placed = zone, 0, {}, {}
        if self._looked_at < len(self.facts):
            for fact in (new := self.facts[self._looked_at :]):
                self._by_order.setdefault(fact.order_id, []).append(fact)
                if fact.type == "order.placed":
                    self._placed[fact.order_id] = (day_of(min(fact.occurred_at, fact.arrived_at), zone), Sums(0, 0))
            for order_id in {fact.order_id for fact in new} & self._placed.keys():
                self._placed[order_id] = (self._placed[order_id][0], order_sums(self._by_order[order_id], order_id))
            self._counting = [(day, sums) for day, sums in self._placed.values() if sums.orders]
            self._looked_at = len(self.facts)
        return self._counting

    @property
    def has_floor_above(self) -> bool:
        """Return whether a manual tier stands above the earned one."""
        return self.floor is not None and self.floor > self.earned


# Orders


def order_sums(facts: Sequence[Fact], order_id: str) -> Sums:
    """Return (net, 1) of an order that counts, else (0, 0)."""
    placed = [fact for fact in facts if fact.type == "order.placed" and fact.order_id == order_id]
    if not placed or _is_cancelled(facts, order_id):
        return Sums(0, 0)
    amount = placed[0].amount
    refunds = sum(fact.amount for fact in facts if fact.type == "order.refunded" and fact.order_id == order_id)
    if amount > 0 and refunds >= amount:
        return Sums(0, 0)
    return Sums(amount if amount == 0 else amount - refunds, 1)


def _is_cancelled(facts: Sequence[Fact], order_id: str) -> bool:
    last = deciding(facts, order_id)
    return last is not None and last.type == "order.cancelled"


def deciding(facts: Sequence[Fact], order_id: str) -> Fact | None:
    """Return the cancellation or reinstatement that decides: the latest; a tie means cancelled."""
    kinds = ("order.cancelled", "order.reinstated")
    found = [fact for fact in facts if fact.type in kinds and fact.order_id == order_id]
    return max(found, key=lambda fact: (fact.occurred_at, fact.type == "order.cancelled"), default=None)


# Windows


def window_of(rules: Rules, today: int) -> Callable[[int], bool]:
    """Return which days are in the window of a day."""
    if rules.lifetime:
        return lambda day: day <= today
    if rules.calendar:
        return lambda day: year_of(day) == year_of(today) and day <= today
    return lambda day: today - rules.window_days < day <= today


def window_sums(rules: Rules, customer: Customer, contains: Callable[[int], bool]) -> Sums:
    """Return the sums of the orders whose day is in a window."""
    found = [sums for day, sums in customer.counting(rules.zone) if contains(day)]
    return Sums(sum(sums.spend for sums in found), sum(sums.orders for sums in found))


def sums_on(rules: Rules, customer: Customer, day: int) -> Sums:
    """Return the window sums of a day."""
    return window_sums(rules, customer, window_of(rules, day))


def sums_at_end(rules: Rules, customer: Customer) -> Sums:
    """Return the sums of the orders known now that are still in the window at ``expires_at``."""
    assert customer.expires_at is not None
    end_day = day_of(customer.expires_at, rules.zone)
    if rules.calendar:
        return window_sums(rules, customer, lambda day: year_of(day) == year_of(end_day - 1))
    return sums_on(rules, customer, end_day)


def would_renew(rules: Rules, customer: Customer) -> bool:
    """Return whether the orders known now would reach the tier at ``expires_at``; a tier without an end stays."""
    return customer.expires_at is None or level_of(rules, sums_at_end(rules, customer)) >= customer.earned


# Levels


def level_of(rules: Rules, sums: Sums) -> int:
    """Return the highest level whose criteria the sums meet."""
    return max((index for index, level in enumerate(rules.levels) if _is_met(rules, level, sums)), default=0)


def _is_met(rules: Rules, level: Level, sums: Sums) -> bool:
    met = [value >= threshold for _, value, threshold in criteria_of(level, sums)]
    return all(met) if rules.match_all or not met else any(met)


def criteria_of(level: Level, sums: Sums) -> list[tuple[str, int, int]]:
    """Return (name, value, threshold) of the criteria that a level gives."""
    pairs = (("spend", sums.spend, level.spend), ("orders", sums.orders, level.orders))
    return [(name, value, threshold) for name, value, threshold in pairs if threshold is not None]


def is_near(rules: Rules, tier: int, sums: Sums) -> bool:
    """Return whether the next level is near: spend at 90 % of it, or orders at the ceiling of 90 %."""
    if tier == rules.top:
        return False
    near = []
    for name, value, threshold in criteria_of(rules.levels[tier + 1], sums):
        mark = rules.near_at * threshold
        near.append(value >= (math.ceil(mark) if name == "orders" else mark))
    return bool(near) and (all(near) if rules.match_all else any(near))


def is_far(rules: Rules, tier: int, sums: Sums) -> bool:
    """Return whether the next level is far: every criterion below 85 % (``all``: any)."""
    if tier == rules.top:
        return False
    criteria = criteria_of(rules.levels[tier + 1], sums)
    far = [value < rules.rearm_below * threshold for _, value, threshold in criteria]
    return bool(far) and (any(far) if rules.match_all else all(far))
