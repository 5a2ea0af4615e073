"""A customer's sums: over life, by local day, and in the program's window."""

from bisect import bisect_left
from typing import NamedTuple

from schemas.value import MONTH_DAYS, QUARTER_DAYS
from state.calendar import Day, january_first, year_of
from state.customer import Bucket, CustomerState
from state.ledger import Contribution, LedgerView, OrderEntry, contribution
from state.rules import Rules


class Sums(NamedTuple):
    """Net spend in minor units and counting orders."""

    spend_minor: int
    orders: int


NO_SUMS = Sums(0, 0)


def replace_order(
    customer: CustomerState, rules: Rules, ledger: LedgerView, field: str, old: OrderEntry, new: OrderEntry
) -> None:
    """Book the difference between two states of one order, and note the new one.

    Raises `LedgerNeeded` before it changes anything if the first or last order no longer counts.
    """
    before, after = contribution(old), contribution(new)
    ledger.put(field, new)
    customer.excess_minor += new.excess_minor - old.excess_minor
    if before == after:
        return
    day = rules.day_of(new.effective_at)
    if before.orders > after.orders and _is_outermost(customer, old, day):
        _find_outermost(customer, rules, ledger)
    elif after.orders > before.orders:
        _stretch(customer, new, day)
    _shift(customer, rules, day, before, after)


def roll_window(customer: CustomerState, rules: Rules, today: Day) -> None:
    """Let the orders leave that the window of ``today`` no longer holds."""
    last, customer.window_day = customer.window_day, today
    if today == last or rules.window == "lifetime":
        return
    if rules.window == "calendar_year":
        if year_of(today) != year_of(last):
            customer.window_minor, customer.window_orders = sums_as_of(customer, rules, today)
        return
    left_before, left_by = last - rules.window_days, today - rules.window_days
    for bucket in customer.days:
        if bucket.day > left_by:
            break
        if bucket.day > left_before:
            customer.window_minor -= bucket.spend_minor
            customer.window_orders -= bucket.orders


def sums_as_of(customer: CustomerState, rules: Rules, day: Day) -> Sums:
    """Return what the orders known now sum up to in the window of ``day``, past or to come."""
    if rules.window == "rolling_days":
        return _sums_between(customer, day - rules.window_days + 1, day)
    if rules.window == "calendar_year":
        return _sums_between(customer, january_first(year_of(day)), day)
    recent = _sums_between(customer, 0, day)
    return Sums(recent.spend_minor + customer.older.spend_minor, recent.orders + customer.older.orders)


def recent_spend(customer: CustomerState, today: Day) -> tuple[int, int]:
    """Return the net spend of the last 28 and of the last 91 days, today among them, in minor units."""
    month_after, quarter_after = today - MONTH_DAYS, today - QUARTER_DAYS
    month_minor = quarter_minor = 0
    for bucket in reversed(customer.days):
        day = bucket.day
        if day > month_after:
            month_minor += bucket.spend_minor
        elif day > quarter_after:
            quarter_minor += bucket.spend_minor
        else:
            break
    return month_minor, month_minor + quarter_minor


def sums_at_review(customer: CustomerState, rules: Rules, review_day: Day) -> Sums:
    """Return what counts for the review of a term that ends when ``review_day`` starts."""
    return sums_as_of(customer, rules, review_day - 1 if rules.window == "calendar_year" else review_day)


def next_leaving_day(customer: CustomerState, rules: Rules) -> Day | None:
    """Return the day whose start takes orders out of the window next."""
    if rules.window == "lifetime" or not (customer.window_orders or customer.window_minor):
        return None
    if rules.window == "calendar_year":
        return january_first(year_of(customer.window_day) + 1)
    left = customer.window_day - rules.window_days
    for bucket in customer.days:
        if bucket.day > left:
            return bucket.day + rules.window_days
    return None


def forget_old_days(customer: CustomerState, rules: Rules) -> None:
    """Move the days that no window question can ask for any more into `older`."""
    keep_from, left = _keep_from(customer, rules), 0
    spend_minor, orders = customer.older.spend_minor, customer.older.orders
    for bucket in customer.days:
        if bucket.day >= keep_from:
            break
        left += 1
        spend_minor += bucket.spend_minor
        orders += bucket.orders
    if left:
        customer.days = customer.days[left:]
        customer.older = Bucket(0, spend_minor, orders)


def rebuild_days(customer: CustomerState, rules: Rules, ledger: LedgerView, today: Day) -> None:
    """Sum the whole ledger anew under other rules. Raises `LedgerNeeded`."""
    orders = list(ledger.orders())
    customer.days, customer.older = [], Bucket(0, 0, 0)
    for entry in orders:
        what = contribution(entry)
        if what.orders:
            _add(customer, rules.day_of(entry.effective_at), what.spend_minor, what.orders)
    customer.window_day = today
    customer.window_minor, customer.window_orders = sums_as_of(customer, rules, today)
    _find_outermost(customer, rules, ledger)


def _shift(customer: CustomerState, rules: Rules, day: Day, before: Contribution, after: Contribution) -> None:
    spend, orders = after.spend_minor - before.spend_minor, after.orders - before.orders
    customer.spend_minor += spend
    customer.orders += orders
    if day >= _keep_from(customer, rules):
        _add(customer, day, spend, orders)
    else:
        customer.older = Bucket(0, customer.older.spend_minor + spend, customer.older.orders + orders)
    if _is_in_window(rules, day, customer.window_day):
        customer.window_minor += spend
        customer.window_orders += orders


def _add(customer: CustomerState, day: Day, spend_minor: int, orders: int) -> None:
    days = customer.days = customer.days.copy()
    at = len(days) if not days or days[-1].day < day else bisect_left(days, day, key=_day_of)
    if at == len(days) or days[at].day != day:
        days.insert(at, Bucket(day, spend_minor, orders))
        return
    spend_minor, orders = days[at].spend_minor + spend_minor, days[at].orders + orders
    if orders or spend_minor:
        days[at] = Bucket(day, spend_minor, orders)
    else:
        del days[at]


def _day_of(bucket: Bucket) -> Day:
    return bucket.day


def _is_in_window(rules: Rules, day: Day, today: Day) -> bool:
    if rules.window == "rolling_days":
        return day > today - rules.window_days
    return rules.window == "lifetime" or year_of(day) == year_of(today)


def _keep_from(customer: CustomerState, rules: Rules) -> Day:
    """Return the first day that the window, or the spend of the last 91 days, may still ask for."""
    return min(_windows_from(customer, rules), customer.window_day - QUARTER_DAYS + 1)


def _windows_from(customer: CustomerState, rules: Rules) -> Day:
    today = customer.window_day if customer.chain is None else min(customer.window_day, customer.chain.grant_day)
    if rules.window == "rolling_days":
        return today - rules.window_days + 1
    if rules.window == "calendar_year":
        return january_first(year_of(today) - 1)
    return today + 1 if customer.chain is None else today


def _sums_between(customer: CustomerState, first: Day, last: Day) -> Sums:
    spend_minor = orders = 0
    for bucket in customer.days:
        if first <= bucket.day <= last:
            spend_minor += bucket.spend_minor
            orders += bucket.orders
    return Sums(spend_minor, orders)


def _stretch(customer: CustomerState, entry: OrderEntry, day: Day) -> None:
    if customer.first_order_at is None or entry.occurred_at < customer.first_order_at:
        customer.first_order_at = entry.occurred_at
    if customer.last_order_at is None or entry.occurred_at > customer.last_order_at:
        customer.last_order_at = entry.occurred_at
    if customer.first_order_day is None or day < customer.first_order_day:
        customer.first_order_day = day
    if customer.last_order_day is None or day > customer.last_order_day:
        customer.last_order_day = day


def _is_outermost(customer: CustomerState, entry: OrderEntry, day: Day) -> bool:
    return entry.occurred_at in (customer.first_order_at, customer.last_order_at) or day in (
        customer.first_order_day,
        customer.last_order_day,
    )


def _find_outermost(customer: CustomerState, rules: Rules, ledger: LedgerView) -> None:
    counting = [entry for entry in ledger.orders() if contribution(entry).orders]
    customer.first_order_at = customer.last_order_at = None
    customer.first_order_day = customer.last_order_day = None
    for entry in counting:
        _stretch(customer, entry, rules.day_of(entry.effective_at))
