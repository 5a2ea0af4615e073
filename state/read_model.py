"""The read model: one customer as the storefront sees it, as of any instant."""

from decimal import ROUND_HALF_EVEN, Decimal

from schemas.instants import Instant, format_instant
from schemas.money import format_minor
from state.bodies import Body, missing_on, optional_instant, optional_money
from state.customer import CustomerState
from state.decision import effective_level
from state.in_force import Programs
from state.ledger import Ledger
from state.levels import is_near, way_to
from state.rules import Level, Rules
from state.step import step_time
from state.sums import Sums
from state.terms import level_at_expiration


def read_model(customer: CustomerState, programs: Programs, as_of: Instant, ledger: Ledger | None = None) -> Body:
    """Return the read model of ``customer`` as of ``as_of``; what time does until then is shown, but decided nowhere.

    Raises `LedgerNeeded` where a change of program that the customer has not met yet needs every order.
    """
    customer, _ = step_time(customer, programs, as_of, ledger or Ledger())
    rules = programs.of(customer)
    return {
        "customer_id": customer.customer_id,
        "as_of": format_instant(as_of),
        "program_version": customer.program_version,
        "model_version": _model_version(customer),
        "tier": _tier(customer, rules),
        "rfm": _rfm(customer, rules, as_of),
        "segment": _segment(customer),
        "clv_90d": None if customer.standing is None else optional_money(customer.standing.value_minor, rules),
        "source": _source(customer),
    }


def newcomer_tier(rules: Rules) -> Body:
    """Return the `tier` of a customer nobody knows yet: the lowest level and the way to the next."""
    lowest = rules.levels[0]
    return {
        "name": lowest.name,
        "since": None,
        "expires_at": None,
        "grace_until": None,
        "at_expiration": lowest.name,
        "next": _next(rules, lowest, Sums(0, 0)),
    }


def _tier(customer: CustomerState, rules: Rules) -> Body:
    level = effective_level(customer, rules)
    is_floor = customer.floor is not None and level.rank > customer.rank
    ends_at = customer.floor.until_at if customer.floor is not None and is_floor else customer.expires_at
    return {
        "name": level.name,
        "since": format_instant(customer.since_at),
        "expires_at": optional_instant(ends_at),
        "grace_until": None if is_floor else optional_instant(customer.grace_until),
        "at_expiration": level_at_expiration(customer, rules).name,
        "next": _next(rules, level, Sums(customer.window_minor, customer.window_orders)),
    }


def _next(rules: Rules, level: Level, sums: Sums) -> Body | None:
    if level.rank + 1 == len(rules.levels):
        return None
    above = rules.levels[level.rank + 1]
    way = way_to(rules, above, sums)
    return {
        "name": above.name,
        "missing": missing_on(way, rules),
        "progress": {"spend": way.spend_progress, "orders": way.orders_progress},
        "near": is_near(rules, above, sums),
        "cheapest_path": way.cheapest_path,
    }


def _rfm(customer: CustomerState, rules: Rules, as_of: Instant) -> Body:
    today = max(rules.day_of(as_of), rules.day_of(customer.now_at))
    first, last = customer.first_order_day, customer.last_order_day
    return {
        "recency_days": None if last is None else today - last,
        "frequency": customer.orders,
        "monetary": format_minor(customer.spend_minor, rules.currency),
        "aov": _aov(customer, rules),
        "tenure_days": None if first is None else today - first,
        "scores": {name: getattr(customer.standing, name, None) for name in ("r", "f", "m")},
    }


def _model_version(customer: CustomerState) -> int | None:
    if customer.standing is not None:
        return customer.model_version
    return None if customer.emptied is None else customer.emptied.model_version


def _segment(customer: CustomerState) -> Body:
    standing = customer.standing
    if standing is None:
        since_at = None if customer.emptied is None else customer.emptied.since_at
        return {"rfm": None, "cluster": None, "persona": None, "traits": [], "since": optional_instant(since_at)}
    held = (("Budget Buyer", standing.budget_buyer), ("Power User", standing.power_user))
    return {
        "rfm": standing.rfm,
        "cluster": standing.cluster,
        "persona": standing.persona,
        "traits": [name for name, holds in held if holds],
        "since": format_instant(standing.since_at),
    }


def _aov(customer: CustomerState, rules: Rules) -> str | None:
    if not customer.orders:
        return None
    exact = Decimal(customer.spend_minor) / customer.orders
    return format_minor(int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN)), rules.currency)


def _source(customer: CustomerState) -> Body | None:
    source = customer.source
    return None if source is None else {"topic": source.topic, "partition": source.partition, "offset": source.offset}
