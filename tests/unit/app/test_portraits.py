"""Portraits in words: true to the numbers, whatever they are; and the campaign that fits them."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.portraits import Labels, Portrait, Spread, Typical, portrait_of_all, portraits_of
from schemas.program_file import load_program
from schemas.segment_parts import DEFAULT_PERSONAS, DEFAULT_RULES
from state.segments import compiled, segment_rules_of
from storefront.campaigns import campaign_for
from storefront.portrait_words import percent, sentences
from storefront.portraits import groups_of, portraits
from storefront.portraits_body import PortraitsView
from tests.unit.app.test_lookalikes import Followed, a_shop, asked, everybody
from tierline.portrait_page import page

if TYPE_CHECKING:
    from tierline.console import Json


def a_portrait(
    share: float, revenue: float, recency: int, frequency: int, aov: int, tenure: int = 300, spread: float = 0.0
) -> Portrait:
    """``spread`` 0.5 is a middle half from half to one and a half of the median."""

    def around(median: int) -> Spread:
        return Spread(int(median * (1 - spread)), median, int(median * (1 + spread)))

    typical = Typical(around(recency), around(frequency), around(aov), around(frequency * aov), around(tenure))
    return Portrait("x", 100, share, int(revenue * 1e6), revenue, typical)


ALL = a_portrait(1.0, 1.0, 30, 5, 2_000, spread=0.5)


@pytest.mark.parametrize(
    ("name", "portrait"),
    [
        ("Win back", a_portrait(0.1, 0.1, 90, 6, 2_500)),
        ("Reminder at low cost", a_portrait(0.1, 0.02, 90, 2, 1_500)),
        ("Reminder at low cost", a_portrait(0.1, 0.02, 90, 1, 1_500)),
        ("Second purchase", a_portrait(0.3, 0.1, 20, 1, 1_800)),
        ("Thank and keep", a_portrait(0.2, 0.5, 5, 12, 3_000)),
        ("Bigger basket", a_portrait(0.2, 0.2, 20, 9, 1_000)),
        ("Next visit sooner", a_portrait(0.2, 0.2, 25, 3, 3_500)),
        ("Welcome", a_portrait(0.1, 0.08, 10, 4, 2_000, tenure=40)),
        ("On to the next tier", a_portrait(0.2, 0.2, 28, 5, 2_000)),
    ],
)
def test_the_campaign_follows_from_the_numbers(name: str, portrait: Portrait) -> None:
    campaign = campaign_for(portrait, ALL)
    assert campaign is not None
    assert campaign.name == name
    assert campaign.why.endswith(".")


def test_of_too_few_nothing_is_said_but_their_part() -> None:
    few = ALL._replace(customers=3, typical=None, share_of_customers=0.03, share_of_revenue=0.01)
    assert campaign_for(few, ALL) is None
    weight, why = sentences(few, ALL, "USD")
    assert (percent(0.03) in weight, "too few" in why) == (True, True)
    assert sentences(few._replace(customers=0), ALL, "USD") == ["Nobody is here now."]


def test_a_part_that_is_there_is_never_nothing() -> None:
    assert [percent(share).replace("\xa0", " ") for share in (0.0, 0.0004, 0.001, 0.312, 1.0)] == [
        "0.0 %", "under 0.1 %", "0.1 %", "31.2 %", "100.0 %",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("revenue", "said"),
    [(0.2, "2.0 times what their number would suggest"), (0.1, "about what"), (0.02, "less than their number")],
)
def test_what_they_bring_is_weighed_against_their_number(revenue: float, said: str) -> None:
    assert said in sentences(a_portrait(0.1, revenue, 20, 4, 900), ALL, "USD")[0]


customer = st.tuples(st.integers(0, 400), st.integers(1, 60), st.integers(0, 500_000), st.integers(0, 900))


@given(mine=st.lists(customer, min_size=10, max_size=60), others=st.lists(customer, max_size=60))
def test_every_claim_about_a_half_or_a_quarter_holds_for_the_customers(
    mine: list[tuple[int, ...]], others: list[tuple[int, ...]]
) -> None:
    facts = np.array([*mine, *others], np.int64)
    labels = Labels(["mine", "others"], np.array([0] * len(mine) + [1] * len(others)))
    portrait, everyone = portraits_of(facts, labels)[0], portrait_of_all(facts)
    recency = [row[0] for row in mine]
    _, when, _, since = sentences(portrait, everyone, "USD")
    half = re.match(r"Half of them last ordered (?:today|at most (\d+) days? ago)", when)
    assert half is not None
    assert sum(one <= int(half[1] or 0) for one in recency) >= len(mine) / 2
    quarter = re.search(r"a quarter (\d+) days ago or earlier", when)
    if quarter is not None:
        assert sum(one >= int(quarter[1]) for one in recency) >= len(mine) / 4
    assert re.match(r"In the middle their first order was \d+ days? ago", since)
    campaign = campaign_for(portrait, everyone)
    assert campaign is not None
    away = re.search(r"three in four last ordered (\d+) days? ago or earlier", campaign.why)
    if away is not None:
        assert sum(one >= int(away[1]) for one in recency) >= 3 * len(mine) / 4
    lately = re.search(r"half of them ordered in the last (?:day|(\d+) days)", campaign.why)
    if lately is not None:
        assert sum(one <= int(lately[1] or 1) for one in recency) >= len(mine) / 2
    once = "a single order" in campaign.why
    assert not once or sum(row[1] == 1 for row in mine) >= len(mine) / 2
    here = re.search(r"at least a quarter were here in the last (?:day|(\d+) days)", campaign.why)
    if here is not None:
        assert sum(one <= int(here[1] or 1) for one in recency) >= len(mine) / 4


def test_portraits_over_http_name_every_segment() -> None:
    store = a_shop(60)
    followed = Followed(everybody(store))
    response = asked(store, followed, "/v1/portraits")
    assert response.status_code == 200
    view = PortraitsView.model_validate(response.json())
    assert [one.name for one in view.rfm] == ["VIP", "Loyal", "Potential Loyalist", "At Risk", "Dormant", "Regulars"]
    assert len(view.cluster) == 4
    for groups in (view.rfm, view.cluster):
        assert sum(one.customers for one in groups) == view.all.customers == 62
    assert view.currency == "USD"


def test_segments_of_ones_own_are_portrayed_in_the_order_of_their_rules() -> None:
    own = load_program(Path(__file__).parents[3] / "examples" / "own_segments.yaml")
    population = everybody(a_shop(60))
    groups = groups_of(population, segment_rules_of(own.segments))
    body = PortraitsView.model_validate(portraits(population, groups, own.currency))
    assert [one.name for one in body.rfm] == [rule.name for rule in own.segments.rules]
    assert "VIP" not in groups.rfm.names
    assert sum(one.customers for one in body.rfm) == body.sampled.customers


def test_portraits_wait_for_a_model_too() -> None:
    assert asked(a_shop(2), Followed(), "/v1/portraits").status_code == 503
    assert asked(a_shop(2), None, "/v1/portraits").status_code == 501


class _Checker(HTMLParser):
    """Fails on anything that is fetched, and on tags that do not close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "link", "iframe", "img")
        assert not {"src", "href", "onclick"} & {name for name, _ in attrs}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_whole_fetches_nothing_and_takes_no_name_for_markup() -> None:
    population = everybody(a_shop(60))
    body = portraits(population, groups_of(population, compiled(DEFAULT_RULES, DEFAULT_PERSONAS)), "USD")
    cluster = cast("list[dict[str, Json]]", body["cluster"])[0]
    cluster["name"] = "<script>alert(1)</script>"
    cluster["habits"] = {
        "orders": 40, "category": [{"name": "A & B", "share": 0.5, "of_all": 0.2}], "region": [], "weekday": [],
        "channel": [], "words": ["50.0 % of their orders hold A & B."],
    }  # fmt: skip
    made = page(cast("dict[str, Json]", body))
    assert "url(" not in made
    assert "@import" not in made
    checker = _Checker()
    checker.feed(made)
    assert checker.open == []
    assert "Categories: A & B 50.0\xa0%" in checker.text
    assert "<script>alert(1)</script>" in checker.text
