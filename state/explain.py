"""Why a customer is where they are: criteria, orders and what was said, as of any instant. Decides nothing."""

from collections.abc import Sequence
from typing import Final, cast

import msgspec

from schemas.instants import Instant, format_instant
from schemas.money import format_minor
from state.bodies import Body, optional_instant
from state.calendar import Day, january_first, year_of
from state.customer import CustomerState
from state.decision import effective_level
from state.in_force import Programs
from state.ledger import Ledger, OrderEntry, contribution
from state.read_model import read_model
from state.rules import Level, Rules
from state.standing import SCHEMES, names_of
from state.step import step_time
from state.sums import Sums

ORDERS_MAX: Final = 50
"""How many orders an explanation lists."""
_WHY: Final = ("at", "from", "to", "trigger", "criteria", "counterfactual", "model_version")


def explanation(
    customer: CustomerState, programs: Programs, as_of: Instant, ledger: Ledger, told: Sequence[bytes]
) -> Body:
    """Return the explanation: criteria, why each segment, up to 50 orders and what was said, newest first.

    ``ledger`` must be whole; ``told`` are bodies of outputs, oldest first.
    """
    view = read_model(customer, programs, as_of, ledger)
    customer, _ = step_time(customer, programs, as_of, ledger)
    rules = programs.of(customer)
    level, sums = effective_level(customer, rules), Sums(customer.window_minor, customer.window_orders)
    above = rules.levels[level.rank + 1] if level.rank + 1 < len(rules.levels) else None
    history = [_told(body) for body in reversed(told)]
    return {
        "customer_id": customer.customer_id,
        "as_of": view["as_of"],
        "model_version": view["model_version"],
        "tier": view["tier"],
        "rfm": view["rfm"],
        "segment": view["segment"],
        "clv_90d": view["clv_90d"],
        "segment_why": _segment_why(names_of(customer.standing), history),
        "term": _term(customer, rules, level),
        "why": _criteria(rules, level, sums),
        "next_why": None if above is None else _criteria(rules, above, sums),
        "orders": _orders(rules, ledger, as_of),
        "history": history,
    }


def _segment_why(names: Sequence[str | None], history: Sequence[Body]) -> Body:
    """Return, for each scheme, the change that led to its present name; None where it is no longer kept."""
    changes = [cast("Body", one["body"]) for one in history if one["what"] == "segment.changed"]
    latest = {scheme: next((body for body in changes if body["scheme"] == scheme), None) for scheme in SCHEMES}
    return {
        scheme: None if body is None or name is None or body["to"] != name else {part: body[part] for part in _WHY}
        for name, (scheme, body) in zip(names, latest.items(), strict=True)
    }


def _term(customer: CustomerState, rules: Rules, level: Level) -> Body | None:
    """Return the term of the tier in force; None where it never ends. A tier held up by hand ends as its floor does."""
    if customer.floor is not None and level.rank > customer.rank:
        return {"starts_at": format_instant(customer.since_at), "ends_at": format_instant(customer.floor.until_at)}
    if customer.expires_at is None:
        return None
    return {
        "starts_at": format_instant(rules.start_of(customer.term_day)),
        "ends_at": optional_instant(customer.expires_at),
    }


def _criteria(rules: Rules, level: Level, sums: Sums) -> list[Body]:
    found: list[Body] = []
    for criterion in level.criteria:
        value, threshold = sums[criterion.column], criterion.threshold
        is_money = criterion.name == "spend"
        found.append(
            {
                "name": criterion.name,
                "value": format_minor(value, rules.currency) if is_money else value,
                "threshold": format_minor(threshold, rules.currency) if is_money else threshold,
                "met": value >= threshold,
            }
        )
    return found


def _orders(rules: Rules, ledger: Ledger, as_of: Instant) -> list[Body]:
    entries = [
        (field.removeprefix("o:"), entry)
        for field, entry in ledger.entries.items()
        if isinstance(entry, OrderEntry) and entry.amount_minor is not None
    ]
    entries.sort(key=lambda pair: (pair[1].occurred_at, pair[0]), reverse=True)
    return [_order(order_id, entry, rules, as_of) for order_id, entry in entries[:ORDERS_MAX]]


def _order(order_id: str, entry: OrderEntry, rules: Rules, as_of: Instant) -> Body:
    assert entry.amount_minor is not None, "only orders that arrived are listed"
    leaves_at = _leaves_at(rules, rules.day_of(entry.effective_at))
    counts = contribution(entry).orders > 0 and (leaves_at is None or leaves_at > as_of)
    return {
        "order_id": order_id,
        "occurred_at": format_instant(entry.occurred_at),
        "amount": format_minor(entry.amount_minor, rules.currency),
        "counts": counts,
        "leaves_at": optional_instant(leaves_at) if counts else None,
    }


def _leaves_at(rules: Rules, day: Day) -> Instant | None:
    """Return when an order of ``day`` leaves the window, None if it never does."""
    if rules.window == "lifetime":
        return None
    last = day + rules.window_days if rules.window == "rolling_days" else january_first(year_of(day) + 1)
    return rules.start_of(last)


def _told(blob: bytes) -> Body:
    body = msgspec.json.decode(blob, type=dict[str, object])
    return {"at": body["at"], "what": body["type"], "body": body}
