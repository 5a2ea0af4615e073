"""Tiers: upgrade at once, keep for a term, review, grace, one level down."""

from hashlib import sha256

from schemas.instants import Instant
from state.calendar import Day, january_first, year_of
from state.customer import Chain, CustomerState, Floor
from state.decision import BY_HAND, BY_TIME, Decision, TierChange, Trigger, effective_level
from state.levels import is_met, qualified_rank
from state.rules import Rules
from state.sums import Sums, sums_at_review


def follow_sums(decision: Decision) -> None:
    """Upgrade, or renew in grace, if today's window now reaches it."""
    customer = decision.customer
    rules, sums = decision.rules, decision.window
    for level in reversed(rules.levels[customer.rank + 1 :]):
        if is_met(rules, level, sums):
            return _upgrade(decision, level.rank)
    if customer.grace_until is not None and is_met(rules, rules.levels[customer.rank], sums):
        renew(decision)
    return None


def review(decision: Decision) -> None:
    """At the end of a term: renew, or start the grace (at once one level down where there is none)."""
    customer, rules = decision.customer, decision.rules
    if customer.expires_at is None or customer.expires_at > decision.now or customer.grace_until is not None:
        return
    _judge_term(decision, sums_at_review(customer, rules, rules.day_of(customer.expires_at)))


def review_restored(decision: Decision) -> None:
    """Review a restored term that is already over: renewal and grace count from today."""
    customer, rules = decision.customer, decision.rules
    if customer.expires_at is not None and customer.expires_at <= decision.now:
        is_by_year = rules.window == "calendar_year"
        ended = sums_at_review(customer, rules, rules.day_of(customer.expires_at)) if is_by_year else decision.window
        _judge_term(decision, ended)


def end_grace(decision: Decision) -> None:
    """When the grace is over, go one level down."""
    grace_until = decision.customer.grace_until
    if grace_until is not None and grace_until <= decision.now:
        _step_down(decision, decision.window)


def renew(decision: Decision) -> None:
    """Start a new term of the same tier today; nothing can be reversed any more."""
    start_term(decision, decision.today)
    decision.customer.chain = None
    decision.customer.debounce = None
    decision.has_renewed = True


def assign_floor(decision: Decision, tier: str, until_at: Instant, reason: str) -> None:
    """Hold the customer at least in ``tier`` until then; one that is over already only takes the last one away."""
    decision.customer.floor = Floor(tier, until_at, reason) if until_at > decision.now else None
    note_change(decision, BY_HAND, decision.window)


def end_floor(decision: Decision) -> None:
    """Take away a floor whose time is over."""
    floor = decision.customer.floor
    if floor is not None and floor.until_at <= decision.now:
        decision.customer.floor = None
        note_change(decision, BY_TIME, decision.window)


def start_term(decision: Decision, first_day: Day) -> None:
    """Let a term of the earned tier run from ``first_day``.

    One that time starts still gets a warning due at this very instant; before a record, those were given already.
    """
    customer = decision.customer
    customer.term_day = first_day
    customer.expires_at = _term_end(decision.rules, customer.rank, first_day)
    customer.grace_until = None
    customer.warned_at = decision.now - 1 if decision.cause == "time" else decision.now


def restore_term(decision: Decision, chain: Chain) -> None:
    """Let the term go on that ran before the upgrades of ``chain``; a new one where other rules now want a term."""
    customer = decision.customer
    start_term(decision, chain.term_day)
    customer.chain = None
    if customer.expires_at is not None and chain.expires_at is not None:
        customer.expires_at = chain.expires_at
    elif customer.expires_at is not None:
        start_term(decision, decision.today)


def set_tier(customer: CustomerState, rules: Rules, rank: int) -> None:
    """Make the level of ``rank`` the earned tier."""
    customer.rank = rank
    customer.tier = rules.levels[rank].name


def note_change(decision: Decision, trigger: Trigger, sums: Sums) -> None:
    """Record a change if the effective tier is another than it was a moment ago."""
    customer, before = decision.customer, decision.level
    decision.level = after = effective_level(customer, decision.rules)
    if after.name == before.name:
        return
    customer.since_at = decision.now
    customer.tier_changes += 1
    change_id = sha256(f"{customer.customer_id}|tier|{customer.tier_changes}".encode()).hexdigest()[:32]
    starts_at, ends_at = _term_of(decision)
    change = TierChange(change_id, before, after, trigger, sums, starts_at, ends_at, decision.rules.program_version)
    decision.changes += (change,)


def _upgrade(decision: Decision, rank: int) -> None:
    customer, rules = decision.customer, decision.rules
    customer.chain = None if decision.cause == "program_change" else _extended_chain(decision)
    customer.debounce = None
    set_tier(customer, rules, rank)
    start_term(decision, decision.today)
    note_change(decision, decision.trigger, decision.window)


def _extended_chain(decision: Decision) -> Chain:
    customer, chain = decision.customer, decision.customer.chain
    if chain is not None and decision.now < decision.rules.start_of(chain.grant_day + decision.rules.reversal_days):
        return Chain(decision.today, chain.tier, chain.term_day, chain.expires_at)
    return Chain(decision.today, customer.tier, customer.term_day, customer.expires_at)


def _judge_term(decision: Decision, sums: Sums) -> None:
    customer, rules = decision.customer, decision.rules
    if qualified_rank(rules, sums) >= customer.rank:
        renew(decision)
    elif rules.grace_days == 0:
        _step_down(decision, sums)
    else:
        customer.grace_until = rules.start_of(decision.today + rules.grace_days)
        decision.grace_has_started = True


def _step_down(decision: Decision, sums: Sums) -> None:
    customer = decision.customer
    set_tier(customer, decision.rules, customer.rank - 1)
    customer.chain = None
    customer.debounce = None
    start_term(decision, decision.today)
    decision.grace_has_started = False
    note_change(decision, BY_TIME, sums)


def _term_end(rules: Rules, rank: int, first_day: Day) -> Instant | None:
    if rank == 0 or rules.window == "lifetime":
        return None
    if rules.window == "calendar_year":
        return rules.start_of(january_first(year_of(first_day) + 2))
    return rules.start_of(first_day + rules.term_days)


def _term_of(decision: Decision) -> tuple[Instant, Instant | None]:
    customer = decision.customer
    if customer.floor is not None and decision.level.rank > customer.rank:
        return decision.now, customer.floor.until_at
    return decision.rules.start_of(customer.term_day), customer.expires_at
