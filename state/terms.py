"""What the running term leads to: would it be renewed, what comes after it, when is the next warning."""

from functools import lru_cache

from schemas.instants import Instant
from state.customer import CustomerState
from state.decision import floor_rank
from state.levels import qualified_rank
from state.rules import Level, Rules
from state.sums import sums_at_review


def would_renew(customer: CustomerState, rules: Rules) -> bool:
    """Tell whether the orders known now reach the earned tier when its term ends."""
    if customer.expires_at is None:
        return True
    return qualified_rank(rules, sums_at_review(customer, rules, rules.day_of(customer.expires_at))) >= customer.rank


def level_at_expiration(customer: CustomerState, rules: Rules) -> Level:
    """Return the tier after expiry and grace if no order came."""
    if floor_rank(customer, rules) > customer.rank or customer.expires_at is None:
        return rules.levels[customer.rank]
    keeps = customer.grace_until is None and would_renew(customer, rules)
    return rules.levels[customer.rank if keeps else customer.rank - 1]


def grace_end_of(customer: CustomerState, rules: Rules) -> Instant:
    """Return when the grace of the running term is over, begun or not."""
    if customer.grace_until is not None:
        return customer.grace_until
    assert customer.expires_at is not None, "only a term that ends has a grace"
    return rules.start_of(rules.day_of(customer.expires_at) + rules.grace_days)


def note_due_warnings(customer: CustomerState, rules: Rules, now: Instant) -> bool:
    """Mark the running term's warnings due by ``now`` as given; return whether there were any."""
    warned_at, customer.warned_at = customer.warned_at, max(customer.warned_at, now)
    if customer.expires_at is None or customer.grace_until is not None:
        return False
    return any(warned_at < moment <= now for moment in warnings_of(rules, customer.expires_at))


@lru_cache(maxsize=8192)
def warnings_of(rules: Rules, expires_at: Instant) -> tuple[Instant, ...]:
    """Return the moments at which a term that ends then is warned about."""
    last_day = rules.day_of(expires_at)
    return tuple(rules.start_of(last_day - days) for days in rules.warn_days)
