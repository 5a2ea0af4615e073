"""The oracle's tiers: what time alone does to a customer, upgrades, terms, reviews, reversals, changes of program."""

from __future__ import annotations

from dataclasses import replace

from tests.oracle_bodies import change_body
from tests.oracle_customer import (
    Chain,
    Customer,
    Decision,
    Sums,
    Trigger,
    level_of,
    sums_at_end,
    sums_on,
    would_renew,
)
from tests.oracle_rules import Rules, day_of, new_year, start_of, year_of
from tests.oracle_segments import SegmentFold


class TierFold(SegmentFold):
    """Moves customers through time and tiers."""

    # Time

    def _advance(self, customer: Customer, upto: int) -> None:
        adoption = self.adoptions.get(customer.id)
        if adoption is not None and adoption.at <= upto:
            self._pass_time(customer, adoption.at)
            self._meet(customer)
        self._pass_time(customer, upto)

    def _pass_time(self, customer: Customer, upto: int) -> None:
        while (moment := min(self._moments(customer), default=upto + 1)) <= upto:
            customer.now = max(customer.now, moment)
            self._decide_due(customer, Decision(customer.now, "time", Trigger("time", None)))

    def _moments(self, customer: Customer) -> list[int]:
        """Return every candidate moment at which time alone changes something."""
        standing = [customer.grace_until, customer.floor_until]
        if customer.grace_until is None:
            standing.append(customer.expires_at)
        if customer.debounce is not None:
            standing.append(customer.debounce.ends_at)
        ahead = self._leaving(customer) + (self._warnings(customer) if customer.grace_until is None else [])
        return [moment for moment in standing if moment is not None] + [at for at in ahead if at > customer.now]

    def _leaving(self, customer: Customer) -> list[int]:
        rules = self.rules
        days = [day for day, _ in customer.counting(rules.zone)]
        if rules.lifetime:
            return []
        if rules.calendar:
            return [start_of(new_year(year_of(day) + 1), rules.zone) for day in days]
        return [start_of(day + rules.window_days, rules.zone) for day in days]

    def _warnings(self, customer: Customer) -> list[int]:
        if customer.expires_at is None:
            return []
        end_day = day_of(customer.expires_at, self.rules.zone)
        return [start_of(end_day - days, self.rules.zone) for days in self.rules.warn_days]

    def _decide_due(self, customer: Customer, decision: Decision) -> None:
        at = decision.at
        if customer.debounce is not None and customer.debounce.ends_at <= at:
            self._reverse(customer, decision, customer.debounce.trigger)
        if customer.grace_until is None and customer.expires_at is not None and customer.expires_at <= at:
            self._review(customer, decision)
        if customer.grace_until is not None and customer.grace_until <= at:
            self._step_down(customer, decision, self._sums_now(customer))
        if customer.floor_until is not None and customer.floor_until <= at:
            customer.floor = customer.floor_until = None
            self._moved(customer, decision, decision.trigger, self._sums_now(customer))
        if customer.grace_until is None and at in self._warnings(customer) and not would_renew(self.rules, customer):
            decision.is_warning = True
        self._follow_tier(customer, decision)
        self._nudge(customer, decision)

    # Tiers

    def _upgrade(self, customer: Customer, decision: Decision, qualified: int, trigger: Trigger) -> None:
        rules, today, chain = self.rules, self._today(decision.at), customer.chain
        if trigger.kind == "program_change":
            customer.chain = None
        elif chain is not None and decision.at < start_of(chain.grant_day + rules.within_days, rules.zone):
            customer.chain = replace(chain, grant_day=today)
        else:
            customer.chain = Chain(customer.earned, customer.term_day, customer.expires_at, today)
        customer.earned, customer.debounce = qualified, None
        self._start_term(customer, today)
        self._moved(customer, decision, trigger, self._sums_now(customer))

    def _renew(self, customer: Customer, decision: Decision) -> None:
        decision.is_renewed = True
        customer.chain = customer.debounce = None
        self._start_term(customer, self._today(decision.at))

    def _review(self, customer: Customer, decision: Decision) -> None:
        sums = sums_at_end(self.rules, customer) if self.rules.calendar else self._sums_now(customer)
        if level_of(self.rules, sums) >= customer.earned:
            self._renew(customer, decision)
        elif self.rules.grace_days == 0:
            self._step_down(customer, decision, sums)
        else:
            grace_ends = self._today(decision.at) + self.rules.grace_days
            customer.grace_until = start_of(grace_ends, self.rules.zone)
            decision.is_grace_start = True

    def _step_down(self, customer: Customer, decision: Decision, sums: Sums) -> None:
        customer.chain = customer.debounce = None
        customer.earned -= 1
        self._start_term(customer, self._today(decision.at))
        self._moved(customer, decision, Trigger("time", None), sums)

    def _reverse(self, customer: Customer, decision: Decision, trigger: Trigger) -> None:
        chain, customer.debounce = customer.chain, None
        assert chain is not None, "a debounce runs only on a chain"
        then = level_of(self.rules, sums_on(self.rules, customer, chain.grant_day))
        result = max(chain.before, then, level_of(self.rules, self._sums_now(customer)))
        if result >= customer.earned:
            return
        customer.earned = result
        if result > chain.before:
            self._start_term(customer, chain.grant_day)
        else:
            self._restore(customer, chain, self._today(decision.at))
        self._moved(customer, decision, trigger, self._sums_now(customer))
        if customer.expires_at is not None and customer.expires_at <= decision.at:
            self._review(customer, decision)

    def _restore(self, customer: Customer, chain: Chain, today: int) -> None:
        customer.chain = customer.grace_until = None
        customer.term_day, customer.expires_at = chain.term_day, chain.expires_at
        self._settle_term(customer, today)

    def _start_term(self, customer: Customer, day: int) -> None:
        rules = self.rules
        customer.term_day, customer.grace_until = day, None
        end_day = new_year(year_of(day) + 2) if rules.calendar else day + rules.term_days
        customer.expires_at = None if rules.lifetime or not customer.earned else start_of(end_day, rules.zone)

    def _settle_term(self, customer: Customer, today: int) -> None:
        """Give a tier that needs a term one from today, and take it from one that needs none."""
        if self.rules.lifetime or not customer.earned:
            customer.expires_at = customer.grace_until = None
        elif customer.expires_at is None:
            self._start_term(customer, today)

    def _re_evaluate(self, customer: Customer, decision: Decision, old: Rules) -> None:
        def mapped(level: int) -> int:
            name = old.names[level]
            return self.rules.names.index(name) if name in self.rules.names else min(level, self.rules.top)

        customer.earned = mapped(customer.earned)
        customer.tier = mapped(customer.tier)
        customer.floor = None if customer.floor is None else mapped(customer.floor)
        if customer.chain is not None:
            customer.chain = replace(customer.chain, before=mapped(customer.chain.before))
        for nudge in customer.nudges:
            nudge.level = mapped(nudge.level)
        self._settle_term(customer, self._today(decision.at))
        sums = self._sums_now(customer)
        self._moved(customer, decision, decision.trigger, sums)
        qualified = level_of(self.rules, sums)
        if qualified > customer.earned:
            self._upgrade(customer, decision, qualified, decision.trigger)
        elif customer.grace_until is not None and qualified == customer.earned:
            self._renew(customer, decision)

    def _moved(self, customer: Customer, decision: Decision, trigger: Trigger, sums: Sums) -> None:
        """Emit a change if the effective tier is another one than before."""
        source, target = customer.tier, max(customer.earned, customer.floor or 0)
        source_name, customer.tier = customer.tier_name, target
        customer.tier_name = self.rules.names[target]
        if customer.tier_name == source_name:
            return
        customer.since = decision.at
        customer.changes_count += 1
        body = change_body(self.rules, customer, decision.at, source, source_name, trigger, sums)
        self.changes.append(body)
        decision.changes.append(body)
        decision.is_upward = target >= source
        decision.trigger = trigger
