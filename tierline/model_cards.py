"""Models on a terminal: the list of versions, one version's card, and what moved between two."""

from collections.abc import Mapping, Sequence
from typing import Final, cast

from schemas.drift import MEASURES
from tierline.console import Json, note, out, print_table
from tierline.model_views import CENTRES, EDGES
from tierline.segment_card import Node

PRICED_BY: Final = {"bg_nbd": "BG/NBD and Gamma-Gamma", "poisson": "Poisson on BG/NBD"}
UNITS: Final = {
    "recency_days": "days since the last order",
    "frequency": "orders",
    "monetary": "spent",
    "aov": "an order",
    "tenure_days": "days since the first order",
}


def print_list(view: Node) -> None:
    """Print a line for each version."""
    columns = ("version", "trained at", "customers", "restarts", "value by", "clusters", "")
    print_table("Models", columns, [_line(one, view) for one in _nodes(view["versions"])])
    if view["frozen_at"] is not None:
        note(f"frozen: workers adopt nothing newer than model {view['frozen_at']}; `tierline models unfreeze` ends it")


def print_card(view: Node) -> None:
    """Print one version: edges, clusters and thresholds in raw units."""
    again = "" if view["rolled_back_to"] is None else f", model {view['rolled_back_to']} again"
    out.print(f"Model {view['version']}{again}: {_count(view['customers'])} customers until {view['trained_at']}\n")
    edges = _node(view["edges"])
    print_table("Edges", ("", "20 %", "40 %", "60 %", "80 %"), [(UNITS[name], *_texts(edges[name])) for name in EDGES])
    out.print()
    clusters = _nodes(view["clusters"])
    rows = [
        (str(one["name"]), _share(one["share"]), *(str(_node(one["centre"])[name]) for name in CENTRES))
        for one in clusters
    ]
    print_table("Clusters, and a typical customer of each", ("name", "share", *(UNITS[name] for name in CENTRES)), rows)
    margins = f"where it is nearer by {_share(view['hysteresis'])}; {_idle(view)}"
    out.print(f"\nA customer moves to another cluster {margins}.")
    for trait, thresholds in _node(view["traits"]).items():
        words = " and ".join(f"{name.replace('_', ' ')} {value}" for name, value in _node(thresholds).items())
        out.print(f"{trait}: {words}", markup=False)
    if view["value"] is not None:
        _print_value(view)
    if view["drift"] is not None:
        _print_drift(_node(view["drift"]))


def _idle(view: Mapping[str, Json]) -> str:
    fresher = view["fresher_hysteresis"]
    margin = "never to a fresher one" if fresher is None else f"by {_share(fresher)} to a fresher one"
    return f"without an order of their own, {margin}"


def _print_value(view: Node) -> None:
    by, value = PRICED_BY[str(view["priced_by"])], _node(view["value"])
    out.print(f"Value in 90 days: by {by}; {_count(view['labels'])} labels have matured.")
    for name, words in (("orders", "BG/NBD of orders"), ("amounts", "Gamma-Gamma of amounts")):
        out.print(f"  {words}: {_weights(value[name])}", markup=False)
    if value["correction"] is not None:
        out.print(f"  Poisson weights, a deviation of each feature: {_weights(value['correction'])}", markup=False)


def _weights(weights: Json) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {_number(value)}" for name, value in _node(weights).items())


def _print_drift(drift: Node) -> None:
    if drift["has_restarted"]:
        out.print("With this model the clusters were started afresh.")
    above = _texts(drift["above_limit"])
    words = [f"{name.replace('_', ' ')} {_number(drift[name])}{'!' * (name in above)}" for name in MEASURES]
    out.print(f"Against the model before: {', '.join(words)} (! is more than usual).", markup=False)
    if drift["emerging"] is not None:
        group = _node(drift["emerging"])
        facts = ", ".join(f"{_node(group['profile'])[name]} {UNITS[name]}" for name in CENTRES)
        out.print(f"Emerging: {group['customers']} customers far from every cluster before; typically {facts}.")


def print_comparison(view: Node) -> None:
    """Print what moved from one version to another."""
    out.print(f"From model {view['from']} to model {view['to']}\n")
    edges = _node(view["edges"])
    pairs = [
        (UNITS[name], *map(_moved, _texts(_node(edges[name])["from"]), _texts(_node(edges[name])["to"])))
        for name in EDGES
    ]
    print_table("Edges", ("", "20 %", "40 %", "60 %", "80 %"), pairs)
    out.print()
    rows = [
        (str(one["id"]), _of_both(one["name"]), _of_both(one["share"]), _number(one["centre_shift"]))
        for one in _nodes(view["clusters"])
    ]
    print_table("Clusters", ("id", "name", "share", "centre moved by (deviations)"), rows)
    out.print(f"\nLargest move of a centre: {_number(view['centre_shift'])} deviations. ", end="")
    out.print(f"Shares differ by {_share(view['share_shift'])} of the customers.")


def _line(one: Node, view: Node) -> tuple[str, ...]:
    clusters = ", ".join(f"{cluster['name']} {_share(cluster['share'])}" for cluster in _nodes(one["clusters"]))
    numbers = (str(one["version"]), str(one["trained_at"]), _count(one["customers"]), str(one["restarts"]))
    return (*numbers, str(one["priced_by"] or "-"), clusters, _standing(one, view))


def _standing(one: Node, view: Node) -> str:
    version, frozen_at = cast("int", one["version"]), cast("int | None", view["frozen_at"])
    words = [] if one["rolled_back_to"] is None else [f"model {one['rolled_back_to']} again"]
    if version == view["current"]:
        words.append("current")
    elif frozen_at is not None and version > frozen_at:
        words.append("held back")
    return ", ".join(words)


def _of_both(pair: Json) -> str:
    before, after = (_shown(_node(pair)[side]) for side in ("from", "to"))
    return _moved(before, after)


def _moved(before: str, after: str) -> str:
    return before if before == after else f"{before} -> {after}"


def _shown(value: Json) -> str:
    return "none" if value is None else _share(value) if isinstance(value, float) else str(value)


def _share(value: Json) -> str:
    return f"{cast('float', value):.1%}"


def _number(value: Json) -> str:
    return "-" if value is None else f"{cast('float', value):.3f}"


def _count(value: Json) -> str:
    return f"{cast('int', value):,}"


def _texts(values: Json) -> list[str]:
    return [str(value) for value in cast("Sequence[Json]", values)]


def _node(value: Json) -> Node:
    return cast("Mapping[str, Json]", value)


def _nodes(values: Json) -> Sequence[Node]:
    return cast("Sequence[Node]", values)
