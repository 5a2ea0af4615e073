"""The part of a customer's card that is about segments: scores, names, traits, value, and what led to each."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias, cast

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from tierline.console import Json

Node: TypeAlias = Mapping[str, Json]

SCHEMES: Final = ("rfm", "cluster", "persona")
NAMES: Final = {
    "r": "recency score",
    "f": "frequency score",
    "m": "spend score",
    "distance": "distance to the centre",
    "recency_days": "days since the last order",
    "frequency": "orders",
    "monetary": "spent",
}


def segment_facts(view: Node) -> list[tuple[str, str]]:
    """Return the lines of scores, segments, traits and model; one line where nobody was scored yet."""
    segment, scores = _node(view["segment"]), _node(_node(view["rfm"])["scores"])
    if segment["rfm"] is None:
        without = "the first model" if view["model_version"] is None else "an order that counts"
        return [("segments", f"none before {without}")]
    traits = ", ".join(map(str, cast("Sequence[str]", segment["traits"])))
    return [
        ("scores", "  ".join(f"{name} {scores[name]}" for name in ("r", "f", "m")) + "  (1 to 5, 5 is best)"),
        *((scheme, str(segment[scheme])) for scheme in SCHEMES),
        ("traits", traits or "none"),
        ("segments since", str(segment["since"])[:10]),
        *([] if view["clv_90d"] is None else [("next 90 days", f"{view['clv_90d']} expected")]),
        ("model", f"version {view['model_version']}"),
    ]


def segment_reasons(view: Node) -> list[RenderableType]:
    """Return what led to each segment, as far as it is still kept."""
    segment, reasons = _node(view["segment"]), _node(view["segment_why"])
    named = [scheme for scheme in SCHEMES if segment[scheme] is not None]
    if not named:
        return []
    table = Table("segment", "since", "because", "otherwise", title="Why these segments", title_justify="left")
    table.show_edge = False
    for scheme in named:
        why = reasons[scheme]
        cells = ("-", "told before what is kept", "") if why is None else _reason(_node(why))
        table.add_row(*map(Text, (str(segment[scheme]), *cells)))
    return [table]


def _reason(why: Node) -> tuple[str, str, str]:
    criteria = [_criterion(_node(one)) for one in cast("Sequence[Json]", why["criteria"])]
    other = why["counterfactual"]
    return str(why["at"])[:10], "\n".join(criteria), "" if other is None else _otherwise(_node(other))


def _criterion(one: Node) -> str:
    if one["name"] == "tier":
        return f"tier {one['value']}"
    not_met = "" if one["met"] else ", not met"
    return f"{_named(one)} {_short(one['value'])} {one['relation']} {_short(one['threshold'])}{not_met}"


def _otherwise(other: Node) -> str:
    if other["name"] == "distance":
        near, far = _short(other["needed"]), _short(other["value"])
        return f"{other['segment']} if its centre were nearer than {near}, not {far}"
    return f"{other['segment']} with {_named(other)} {_short(other['needed'])} instead of {_short(other['value'])}"


def _named(one: Node) -> str:
    return NAMES.get(str(one["name"]), str(one["name"]))


def _short(value: Json) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _node(value: Json) -> Node:
    return cast("Node", value)
