"""One customer on a terminal: a card of the read model, and one of the explanation."""

from collections.abc import Sequence
from typing import cast

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tierline.console import Json, out
from tierline.segment_card import Node, segment_facts, segment_reasons

BAR_CELLS = 20
ORDERS_SHOWN = 15
TOLD_SHOWN = 15


def print_customer(view: Node) -> None:
    """Print the read model: tier and way to the next, then features, scores and segments."""
    rfm = _node(view["rfm"])
    facts = _facts(
        ("orders", f"{_text(rfm['frequency'])} for {_text(rfm['monetary'])}, {_text(rfm['aov'])} each on average"),
        ("last order", f"{_text(rfm['recency_days'])} days ago; the first {_text(rfm['tenure_days'])} days ago"),
        *segment_facts(view),
        ("program", _text(view["program_version"])),
    )
    _print_card(view, *_tier(_node(view["tier"])), facts)


def print_explanation(view: Node) -> None:
    """Print why the customer is where they are: criteria, segments and their reasons, orders, what was said."""
    tier = _node(view["tier"])
    parts: list[RenderableType] = [*_tier(tier), _criteria(f"Why {_text(tier['name'])}", _nodes(view["why"]))]
    if tier["next"] is not None:
        parts.append(_criteria(f"On the way to {_text(_node(tier['next'])['name'])}", _nodes(view["next_why"])))
    parts += [_facts(*segment_facts(view)), *segment_reasons(view)]
    parts += [_orders(_nodes(view["orders"])), _history(_nodes(view["history"]))]
    _print_card(view, *parts)


def _print_card(view: Node, *parts: RenderableType) -> None:
    title = Text(f"{_text(view['customer_id'])} as of {_text(view['as_of'])}", style="bold")
    out.print(Panel(Group(*parts), title=title, title_align="left", expand=False))


def _tier(tier: Node) -> list[RenderableType]:
    until = f", until {_day(tier['expires_at'])}" if tier["expires_at"] else ""
    grace = f", in grace until {_day(tier['grace_until'])}" if tier["grace_until"] else ""
    lines: list[RenderableType] = [
        Text.assemble((_text(tier["name"]), "bold green"), f" since {_day(tier['since'])}{until}{grace}")
    ]
    if tier["expires_at"] and tier["at_expiration"] != tier["name"]:
        lines.append(Text(f"without another order then: {_text(tier['at_expiration'])}", style="yellow"))
    if tier["next"] is not None:
        lines += _way(_node(tier["next"]))
    return lines


def _way(after: Node) -> list[RenderableType]:
    missing, progress = _node(after["missing"]), _node(after["progress"])
    lines: list[RenderableType] = []
    for name in ("spend", "orders"):
        share = progress[name]
        if isinstance(share, float | int):
            full = int(share * BAR_CELLS)
            bar = "█" * full + "░" * (BAR_CELLS - full)
            lines.append(Text(f"{bar} {share:4.0%}  {_text(missing[name])} {name} missing to {_text(after['name'])}"))
    return lines


def _facts(*facts: tuple[str, str]) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, value in facts:
        table.add_row(Text(name, style="dim"), Text(value))
    return table


def _criteria(title: str, criteria: Sequence[Node]) -> RenderableType:
    if not criteria:
        return Text(f"{title}: nothing is asked for it")
    table = _table(title, "criterion", "has", "needs", "")
    for one in criteria:
        _row(table, one["name"], one["value"], one["threshold"], "met" if one["met"] else "not met")
    return table


def _orders(orders: Sequence[Node]) -> RenderableType:
    table = _table("Orders, newest first", "order", "at", "amount", "counts")
    for one in orders[:ORDERS_SHOWN]:
        until = f"until {_day(one['leaves_at'])}" if one["leaves_at"] else "yes"
        _row(table, one["order_id"], _day(one["occurred_at"]), one["amount"], until if one["counts"] else "no")
    return _with_rest(table, len(orders) - ORDERS_SHOWN)


def _history(told: Sequence[Node]) -> RenderableType:
    if not told:
        return Text("Nothing was said about this customer yet.")
    table = _table("What was said, newest first", "at", "what", "")
    for one in told[:TOLD_SHOWN]:
        body = _node(one["body"])
        words = f"{_text(body['from'])} to {_text(body['to'])}" if "to" in body else _text(body["kind"])
        words = f"{body['scheme']}: {words}" if "scheme" in body else words
        reason = f" ({_text(body['reason'])})" if "reason" in body else ""
        _row(table, _day(one["at"]), one["what"], words + reason)
    return _with_rest(table, len(told) - TOLD_SHOWN)


def _with_rest(table: Table, left: int) -> RenderableType:
    return table if left <= 0 else Group(table, Text(f"and {left} more with --json", style="dim"))


def _table(title: str, *columns: str) -> Table:
    return Table(*columns, title=title, title_justify="left", show_edge=False)


def _row(table: Table, *cells: Json) -> None:
    table.add_row(*(Text(_text(cell)) for cell in cells))


def _text(value: Json) -> str:
    return "-" if value is None else str(value)


def _day(value: Json) -> str:
    return _text(value)[:10]


def _node(value: Json) -> Node:
    return cast("Node", value)


def _nodes(value: Json) -> Sequence[Node]:
    return cast("Sequence[Node]", value)
