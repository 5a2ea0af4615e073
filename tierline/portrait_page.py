"""The portraits as a page to hand on."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Final, cast

from storefront.portrait_words import percent
from tierline.console import Json
from tierline.handed_on import day_of, document
from tierline.portrait_card import words_of

Node = Mapping[str, Json]

SECTIONS: Final = {
    "rfm": ("By value", "Rules over three scores: how recently, how often and for how much a customer bought."),
    "cluster": ("By behaviour", "Groups that the model found by itself; each customer is with the nearest."),
}
FACTS: Final = {
    "recency_days": ("Last order", "{} days ago"),
    "frequency": ("Orders", "{}"),
    "aov": ("An order", "{} {unit}"),
    "monetary": ("Spent in all", "{} {unit}"),
    "tenure_days": ("First order", "{} days ago"),
}
ABOUT_FIGURES: Final = (
    "Large figures are those of the customer in the middle; below them stands the middle half. Revenue and orders are "
    "of a customer's whole life, net of cancellations and refunds; categories, regions, weekdays and channels count "
    "orders placed and not cancelled."
)
HABITS: Final = {"category": "Categories", "region": "Regions", "weekday": "Weekdays", "channel": "Channels"}


def page(view: Node) -> str:
    """Return the page."""
    return document(
        f"Customer portraits, {day_of(view['as_of'])}",
        "Who our customers are",
        _about(view),
        "".join(_section(scheme, view) for scheme in SECTIONS),
        f"{ABOUT_FIGURES} Made by Tierline from samples until {day_of(view['as_of'])}.",
    )


def _about(view: Node) -> list[str]:
    sampled, everybody = cast("Node", view["sampled"]), cast("Node", view["all"])
    said = (
        f"{sampled['customers']:,} customers, who have spent {_thousands(everybody['revenue'])} {view['currency']} "
        f"net of refunds. As of {day_of(view['as_of'])}, by model {view['model_version']}."
    )
    return [said] if view["note"] is None else [said, str(view["note"])]


def _section(scheme: str, view: Node) -> str:
    title, about = SECTIONS[scheme]
    groups = cast("Sequence[Node]", view[scheme])
    rows, cards = "".join(map(_weights, groups)), "".join(_card(group, str(view["currency"])) for group in groups)
    return (
        f'<section aria-labelledby="{scheme}"><h2 id="{scheme}">{title}</h2><p class="quiet">{about}</p>'
        '<div class="card"><table class="weights"><caption>Their part of all customers, and of all revenue</caption>'
        '<thead><tr><th scope="col">Segment</th><td class="bar-cell"></td><th scope="col" class="number">customers</th>'
        '<td class="bar-cell"></td><th scope="col" class="number">revenue</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
        f'<div class="portraits">{cards}</div></section>\n'
    )


def _weights(group: Node) -> str:
    cells = "".join(
        f'<td class="bar-cell"><div class="bar {kind}" style="--part:{cast("float", group[share]):.4f}"></div></td>'
        f'<td class="number">{percent(cast("float", group[share]))}</td>'
        for kind, share in (("people", "share_of_customers"), ("money", "share_of_revenue"))
    )
    return f'<tr><th scope="row">{escape(str(group["name"]))}</th>{cells}</tr>'


def _card(group: Node, unit: str) -> str:
    parts = [f'<h3>{escape(str(group["name"]))}</h3><p class="over">{_customers(group)}</p>']
    first, *rest = words_of(group)
    parts.append(f'<p class="lead">{escape(first)}</p>' + "".join(f"<p>{escape(one)}</p>" for one in rest))
    typical, campaign = cast("Node | None", group["typical"]), cast("Node | None", group["campaign"])
    if typical is not None:
        parts.append(f'<dl class="facts">{"".join(_fact(name, typical, unit) for name in FACTS)}</dl>')
    parts.append(_habits(cast("Node | None", group.get("habits"))))
    if campaign is not None:
        name, why, how = (escape(str(campaign[part])) for part in ("name", "why", "how"))
        parts.append(
            f'<div class="campaign"><strong>{name}</strong><p>Because {why}</p><p class="how quiet">{how}</p></div>'
        )
    return f'<article class="card portrait">{"".join(parts)}</article>'


def _fact(name: str, typical: Node, unit: str) -> str:
    title, words = FACTS[name]
    spread = cast("Node", typical[name])
    lower, median, upper = (_thousands(spread[part]) for part in ("lower", "median", "upper"))
    said = words.format(median, unit=unit)
    if median == "1":
        said = said.replace("days", "day")
    return f'<div><dt>{title}</dt><dd>{escape(said)}<span class="why">{lower} to {upper}</span></dd></div>'


def _habits(habits: Node | None) -> str:
    lines = "" if habits is None else "".join(_habit_lines(habits))
    return f'<ul class="habits">{lines}</ul>' if lines else ""


def _habit_lines(habits: Node) -> Iterator[str]:
    for aspect, title in HABITS.items():
        found = cast("Sequence[Node]", habits[aspect])[:3]
        if found:
            listed = ", ".join(f"{escape(str(one['name']))} {percent(cast('float', one['share']))}" for one in found)
            yield f"<li><span>{title}:</span> {listed}</li>"


def _customers(group: Node) -> str:
    count = cast("int", group["customers"])
    return f"{count:,} customer{'s' * (count != 1)}"


def _thousands(value: Json) -> str:
    """Return a number or an amount with its thousands apart."""
    whole, dot, rest = str(value).partition(".")
    return f"{int(whole):,}{dot}{rest}"
