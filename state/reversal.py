"""Refund reversal: a refund takes back the upgrade that it made undeserved, and nothing else."""

from schemas.instants import Instant
from state.customer import CustomerState, Debounce
from state.decision import Decision, Trigger
from state.levels import qualified_rank
from state.rules import Rules
from state.sums import sums_as_of
from state.tiers import note_change, restore_term, review_restored, set_tier, start_term


def start_debounce(decision: Decision, trigger_id: str) -> None:
    """After something was taken from a counting order: wait, if an upgrade can still be reversed."""
    customer, rules = decision.customer, decision.rules
    if customer.chain is None or customer.debounce is not None:
        return
    if decision.now < rules.start_of(customer.chain.grant_day + rules.reversal_days):
        customer.debounce = Debounce(decision.now + rules.debounce_for, trigger_id)


def end_debounce(decision: Decision) -> None:
    """When the wait is over: fall to the highest of the tier before, that of the grant day's sums, and today's."""
    customer, rules = decision.customer, decision.rules
    debounce, chain = customer.debounce, customer.chain
    if debounce is None or debounce.ends_at > decision.now:
        return
    customer.debounce = None
    if chain is None:
        return
    before = rules.rank_of(chain.tier) or 0
    as_of_grant = qualified_rank(rules, sums_as_of(customer, rules, chain.grant_day))
    result = max(before, as_of_grant, qualified_rank(rules, decision.window))
    if result >= customer.rank:
        return
    set_tier(customer, rules, result)
    if result == before:
        restore_term(decision, chain)
    else:
        start_term(decision, chain.grant_day)
    note_change(decision, Trigger("refund", debounce.trigger_id), decision.window)
    review_restored(decision)


def forget_spent_chain(customer: CustomerState, rules: Rules, now: Instant) -> None:
    """Drop the upgrades that no refund can reverse any more."""
    chain = customer.chain
    if chain is not None and customer.debounce is None and now >= rules.start_of(chain.grant_day + rules.reversal_days):
        customer.chain = None
