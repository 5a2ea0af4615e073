"""How good prices were, as a page to hand on."""

from collections.abc import Mapping
from html import escape
from typing import Final, cast

from tierline.console import Json
from tierline.handed_on import day_of, document
from tierline.value_card import gained, tenths_of, words_of

Node = Mapping[str, Json]

ABOUT_FIGURES: Final = (
    "Prices are those of the read model at that moment; spend is net of cancellations and refunds within the 90 days."
)
WIDTH: Final = 520
HEIGHT: Final = 300


def page(report: Node) -> str:
    """Return the page."""
    models = ", ".join(map(str, cast("list[int]", report["models"])))
    return document(
        f"Value in 90 days, {day_of(report['at'])}",
        "What we expected of customers, and what they spent",
        words_of(report),
        _calibration(report) + _gains(report),
        f"{ABOUT_FIGURES} Priced by model {models}. Made by Tierline from the journal.",
    )


def _calibration(report: Node) -> str:
    tenths = tenths_of(report)
    most = max(float(str(one[part])) for one in tenths for part in ("mean_expected", "mean_spent")) or 1.0
    rows = "".join(
        f'<tr><th scope="row">{number}</th>{_cell("people", one["mean_expected"], most)}'
        f'{_cell("money", one["mean_spent"], most)}</tr>'
        for number, one in enumerate(tenths, 1)
    )
    return (
        '<section aria-labelledby="tenths"><h2 id="tenths">Expected and spent</h2><p class="quiet">Customers by '
        "expected value, in ten parts of one size, the highest first. Where both bars are as long, the price was "
        "right.</p>"
        '<div class="card"><table class="weights"><caption>Mean of a customer, '
        f'{escape(str(report["currency"]))}</caption><thead><tr><th scope="col">Tenth</th><td class="bar-cell"></td>'
        '<th scope="col" class="number">expected</th><td class="bar-cell"></td>'
        '<th scope="col" class="number">spent</th>'
        f"</tr></thead><tbody>{rows}</tbody></table></div></section>\n"
    )


def _cell(kind: str, amount: Json, most: float) -> str:
    part = max(0.0, float(str(amount))) / most
    return (
        f'<td class="bar-cell"><div class="bar {kind}" style="--part:{part:.4f}"></div></td>'
        f'<td class="number">{escape(str(amount))}</td>'
    )


def _gains(report: Node) -> str:
    tenths = tenths_of(report)
    parts = [0.0, *(cast("float", one["gained"]) for one in tenths)]
    points = " ".join(f"{_across(place):.1f},{_down(part):.1f}" for place, part in enumerate(parts))
    marks = "".join(
        f'<circle cx="{_across(place):.1f}" cy="{_down(part):.1f}" r="4" fill="var(--accent)"/>'
        for place, part in enumerate(parts)
    )
    lines = "".join(
        f'<line x1="0" x2="{WIDTH}" y1="{_down(part):.1f}" y2="{_down(part):.1f}" stroke="var(--line)"/>'
        f'<text x="{WIDTH + 8}" y="{_down(part) + 5:.1f}">{part:.0%}</text>'
        for part in (0.0, 0.5, 1.0)
    )
    told = ", ".join(f"{number}: {gained(one)}" for number, one in enumerate(tenths, 1))
    return (
        '<section aria-labelledby="gains"><h2 id="gains">Gains</h2><p class="quiet">The part of all spend that the '
        "first tenths caught. The straight line is what customers drawn at random would bring.</p>"
        f'<div class="card"><svg role="img" aria-label="Part of all spend by tenths so far, {escape(told)}" '
        f'viewBox="-8 -12 {WIDTH + 64} {HEIGHT + 44}" style="max-width:40rem;width:100%" fill="var(--soft)" '
        f'font-size="14">{lines}<line x1="0" y1="{HEIGHT}" x2="{WIDTH}" y2="0" stroke="var(--held)" '
        f'stroke-dasharray="5 5"/><polyline points="{points}" fill="none" stroke="var(--accent)" stroke-width="2.5"/>'
        f"{marks}{_axis()}</svg></div></section>\n"
    )


def _axis() -> str:
    return "".join(
        f'<text x="{_across(place):.1f}" y="{HEIGHT + 24}" text-anchor="middle">{place}</text>'
        for place in range(1, 11)
    )


def _across(tenth: int) -> float:
    return WIDTH * tenth / 10


def _down(part: float) -> float:
    return HEIGHT * (1 - min(max(part, 0.0), 1.0))
