"""What decides nothing: most orders, and most days on which one leaves the window, only move the sums and the scores.

A shortcut, never a rule: with and without it states are equal and the same is said (a property). Whatever could change
a tier, a nudge or a term is left to the full story; so are windows that do not roll.
"""

from schemas.decoded import OrderPlaced
from schemas.instants import Instant
from state.advance import has_open, has_pending_word, minds_far, note_due, pass_quietly
from state.apply import StepResult, categories_of
from state.customer import Bucket, CustomerState, Source
from state.in_force import Programs
from state.ledger import Ledger, OrderEntry, order_field
from state.levels import is_far
from state.nudges.guards import forget_old_sends
from state.reversal import forget_spent_chain
from state.rules import Rules
from state.standing import follow_order
from state.sums import Sums, forget_old_days
from state.terms import would_renew


def place_quietly(
    before: CustomerState, event: OrderPlaced, programs: Programs, timestamp_at: Instant, source: Source, ledger: Ledger
) -> StepResult | None:
    """Return the customer with one more order, and a decision if a segment changed; None where it has to be weighed."""
    rules, models = programs.current, programs.models
    if rules.window != "rolling_days" or before.program_version != rules.program_version:
        return None
    field = order_field(event.order_id)
    if ledger.entries.get(field) is not None or not (ledger.complete or field in ledger.entries):
        return None
    if before.grace_until is not None or before.model_version != models.version or has_pending_word(before):
        return None
    now = timestamp_at if timestamp_at > before.now_at else before.now_at
    customer = before.copy()
    customer.now_at, customer.source = now, source
    if before.due_at is not None and before.due_at <= now:
        if not pass_quietly(customer, rules, now):
            return None
        note_due(customer, programs)
        if customer.due_at is not None and customer.due_at <= now:
            return None
    was_empty = customer.window_orders == 0
    customer.window_day = rules.day_of(now)
    entry = _entry_of(event, now)
    if not _adds_quietly(customer, rules, entry) or (customer.open_nudges and _takes_back(customer, rules)):
        return None
    decisions = [] if models.current is None else follow_order(customer, rules, models.current, now, event.order_id)
    if decisions is None:
        return None
    _tidy(customer, rules, now)
    if was_empty:
        note_due(customer, programs)
    return StepResult(customer, decisions, "applied", {field: entry})


def _entry_of(event: OrderPlaced, now: Instant) -> OrderEntry:
    occurred_at = event.occurred_at
    return OrderEntry(
        amount_minor=event.amount_minor,
        occurred_at=occurred_at,
        effective_at=occurred_at if occurred_at < now else now,
        categories=categories_of(event),
    )


def _adds_quietly(customer: CustomerState, rules: Rules, entry: OrderEntry) -> bool:
    """Add the latest order to the sums; False where it is not the latest, or makes someone near or upgrades them."""
    day = rules.day_of(entry.effective_at)
    last_at, last_day = customer.last_order_at, customer.last_order_day
    if last_at is None or last_day is None or entry.occurred_at < last_at or day < last_day:
        return False
    amount_minor = entry.amount_minor or 0
    spend_minor, orders = customer.window_minor + amount_minor, customer.window_orders + 1
    if not _stays_where_it_is(customer, rules, spend_minor, orders):
        return False
    if day <= customer.window_day - rules.window_days:
        return False
    days = customer.days.copy()
    last = days[-1] if days else None
    if last is None or last.day < day:
        days.append(Bucket(day, amount_minor, 1))
    elif last.day == day:
        days[-1] = Bucket(day, last.spend_minor + amount_minor, last.orders + 1)
    else:
        return False
    customer.days = days
    customer.window_minor, customer.window_orders = spend_minor, orders
    customer.spend_minor += amount_minor
    customer.orders += 1
    customer.last_order_at, customer.last_order_day = entry.occurred_at, day
    return True


def _stays_where_it_is(customer: CustomerState, rules: Rules, spend_minor: int, orders: int) -> bool:
    """Tell whether these sums neither reach a tier, nor bring one near, nor arm `tier_near` again."""
    rank = customer.rank
    below = rules.near_from[rank] if customer.near_armed else rules.met_from[rank]
    if spend_minor >= below.spend_minor or orders >= below.orders:
        return False
    if not minds_far(customer, rules):
        return True
    return not is_far(rules, rules.levels[rank + 1], Sums(spend_minor, orders))


def _takes_back(customer: CustomerState, rules: Rules) -> bool:
    """Tell whether the orders known now would renew the term, and a nudge said that they do not."""
    return has_open(customer, "renewal") and would_renew(customer, rules)


def _tidy(customer: CustomerState, rules: Rules, now: Instant) -> None:
    """Forget what no rule can ask for any more, as the end of every decision does."""
    if customer.open_nudges:
        customer.open_nudges = [nudge for nudge in customer.open_nudges if nudge.expires_at > now]
    if customer.sent:
        forget_old_sends(customer, now)
    if customer.chain is not None:
        forget_spent_chain(customer, rules, now)
    if customer.days[0].day <= customer.window_day - rules.window_days:
        forget_old_days(customer, rules)
