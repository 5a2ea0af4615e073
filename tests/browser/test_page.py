"""The page in a real browser, over made-up data that moves."""

import re
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import FakeServer
from tests.browser.fake_shop import HOSTILE

LIVE = "Live"


def _opened(page: Page, server: FakeServer, address: str = "/") -> Page:
    page.goto(server.url + address)
    expect(page.locator("#connection")).to_have_text(LIVE)
    expect(page.locator("#feed li")).to_have_count(len(server.shop.feed))
    return page


def _violations(page: Page) -> list[str]:
    return [f"{found['id']}: {found['nodes']}" for found in Axe().run(page).response["violations"]]


def test_the_whole_is_shown_in_words(page: Page, server: FakeServer, errors: list[str]) -> None:
    _opened(page, server)
    expect(page.locator("#feed")).to_contain_text("Customer 1231 reached gold")
    expect(page.locator("#feed")).to_contain_text("held back: asked too recently or too often")
    expect(page.locator("#tiers")).to_contain_text("1,207")
    expect(page.locator("#moves")).to_contain_text("bronze → silver")
    expect(page.locator("#figures")).to_contain_text("version 17")
    expect(page.locator("#figures")).to_contain_text("Value in 90 daysBG/NBD, corrected by 11,400 labels")
    expect(page.locator("#figures")).to_contain_text("Records waiting12")
    expect(page.locator("#history svg")).to_be_visible()
    assert errors == []


def test_segments_are_chosen_by_keyboard_and_told_over_time(page: Page, server: FakeServer, errors: list[str]) -> None:
    _opened(page, server)
    expect(page.locator("#segments li").first).to_contain_text("VIP290")
    chart = page.locator("#segment-history svg")
    expect(chart).to_have_attribute("aria-label", re.compile("segment over time.*VIP 290"))
    expect(page.locator("#segment-moves li").first).to_contain_text("Loyal → At Risk411")
    page.get_by_label("By value").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#segments")).to_contain_text("Steady Browsers646")
    expect(page.locator("#segment-moves")).to_contain_text("Nobody has moved yet")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#segments")).to_contain_text("Dormant Platinum11")
    expect(page.locator("#segment-moves")).to_contain_text("Active Silver → Dormant Silver190")
    server.shop.counts[0] += 1
    expect(page.locator("#tiers")).to_contain_text("1,208")
    expect(page.locator("#segments")).to_contain_text("Dormant Platinum11")
    assert errors == []


def test_changes_of_segment_are_told_in_words_and_can_be_left_out(page: Page, server: FakeServer) -> None:
    feed = _opened(page, server).locator("#feed")
    words = "Customer c-42 is At Risk now, was Loyal: last order 41 days ago; model 17"
    expect(feed).to_contain_text(words)
    expect(feed).to_contain_text("Customer 505 buys like Steady Browsers now, for the first time: nearest to how")
    expect(feed).to_contain_text("Customer 17 is Dormant Silver now, was Active Silver: recency 2 of 5; model 17")
    page.get_by_label("Segments", exact=True).focus()
    page.keyboard.press("Space")
    expect(feed.get_by_text(words)).to_be_hidden()
    expect(feed).to_contain_text("Customer 1231 reached gold")


def test_a_customer_s_segments_come_with_scores_and_reasons(page: Page, server: FakeServer) -> None:
    customer = _opened(page, server, "/#customer=c-42").locator("#customer")
    for words in (
        "Recency2 of 5", "At Risk", "Steady Browsers", "Budget Buyer", "by model 17",
        "last order 41 days ago, compared anew with all others, Loyal before",
        "Otherwise: Loyal with a last order 19 days ago",
        "What led to it is no longer kept",
    ):  # fmt: skip
        expect(customer).to_contain_text(words)


def test_before_the_first_model_and_without_a_worker_it_says_so(
    page: Page, server: FakeServer, errors: list[str]
) -> None:
    server.shop.has_model, server.shop.lag = False, None
    server.shop.feed = server.shop.feed[:4]
    _opened(page, server, "/#customer=c-42")
    expect(page.locator("#segments")).to_contain_text("There are no segments yet")
    expect(page.locator("#schemes")).to_be_hidden()
    expect(page.locator("#figures")).to_contain_text("none yet")
    expect(page.locator("#figures")).to_contain_text("not priced yet")
    expect(page.locator("#figures")).to_contain_text("unknown")
    expect(page.locator("#customer")).to_contain_text("None before the first model")
    assert _violations(page) == []
    assert errors == []


def test_a_customer_is_found_by_keyboard_and_updated_live(page: Page, server: FakeServer, errors: list[str]) -> None:
    _opened(page, server)
    page.get_by_label("Customer id").focus()
    page.keyboard.type("c-42")
    page.keyboard.press("Enter")
    customer = page.locator("#customer")
    expect(customer).to_contain_text("$37.00 or 1 order to gold")
    expect(customer).to_contain_text("Held until Mar 1, 2018")
    expect(customer).to_contain_text("Order o-2, $137.57, does not count")
    server.shop.spend = 990.0
    expect(customer).to_contain_text("$10.00 or 1 order to gold")
    assert errors == []


def test_what_happens_is_seen_at_once(page: Page, server: FakeServer) -> None:
    _opened(page, server)
    server.shop.counts[3] += 1
    server.shop.tell("9", "tier.changed", {"from": "gold", "to": "platinum", "trigger": {"kind": "order", "id": "o"}})
    expect(page.locator("#feed li").first).to_contain_text("Customer 9 reached platinum")
    expect(page.locator("#tiers")).to_contain_text("178")


def test_an_unknown_customer_begins_at_the_lowest_tier(page: Page, server: FakeServer) -> None:
    _opened(page, server, "/#customer=nobody")
    expect(page.locator("#customer")).to_contain_text("No event of this customer has arrived yet")
    expect(page.locator("#customer")).to_contain_text("Bronze")


def test_a_hostile_id_stays_text(page: Page, server: FakeServer, errors: list[str]) -> None:
    _opened(page, server)
    page.get_by_role("link", name=HOSTILE).click()
    expect(page.locator("#customer h2")).to_have_text(HOSTILE)
    assert page.title() == "Tierline"
    assert page.locator("#feed img, #customer img").count() == 0
    assert errors == []


def test_it_says_that_the_api_is_gone_and_comes_back_by_itself(page: Page, server: FakeServer) -> None:
    _opened(page, server)
    server.stop()
    expect(page.locator("#connection")).to_have_text("Connection lost. Trying again…")
    server.shop.tell("5", "tier.changed", {"from": "gold", "to": "silver", "trigger": {"kind": "time", "id": None}})
    server.start()
    expect(page.locator("#connection")).to_have_text("Connected again", timeout=15_000)
    expect(page.locator("#feed li").first).to_contain_text("Customer 5 went down to silver")
    expect(page.locator("#feed li")).to_have_count(len(server.shop.feed))
    expect(page.locator("#connection")).to_have_text(LIVE, timeout=10_000)


def test_an_api_that_wants_a_token_is_asked_with_one(page: Page, server: FakeServer) -> None:
    server.shop.token = "let-me-in"
    page.goto(server.url)
    expect(page.locator("#connection")).to_have_text("A token is needed")
    for given, told in (("wrong", "This token is over"), ("let-me-in", None)):
        page.get_by_label("Token").fill(given)
        assert _violations(page) == []
        page.get_by_role("button", name="Use it").click()
        if told is not None:
            expect(page.locator("#token")).to_contain_text(told)
    expect(page.locator("#connection")).to_have_text(LIVE)
    expect(page.locator("#token")).to_be_hidden()
    page.goto(server.url + "/#customer=c-42")
    expect(page.locator("#customer")).to_contain_text("Order o-2")
    server.shop.spend = 990.0
    expect(page.locator("#customer")).to_contain_text("$10.00 or 1 order to gold")


def test_a_widget_carries_its_shoppers_token(page: Page, server: FakeServer) -> None:
    server.shop.token = "of-c-42"
    page.goto(server.url + "/shop")
    page.evaluate("document.querySelector('tierline-progress').setAttribute('token', 'of-c-42')")
    widget = page.locator("tierline-progress")
    expect(widget).to_contain_text("$37.00 or 1 order to gold")
    server.shop.spend = 995.0
    expect(widget).to_contain_text("$5.00 or 1 order to gold")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1360, 390])
def test_nothing_bars_a_screen_reader_in_any_look(
    page: Page, server: FakeServer, scheme: Literal["light", "dark"], width: int, tmp_path: Path
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    for name, address in (("whole", "/"), ("customer", "/#customer=c-42")):
        _opened(page, server, address)
        page.screenshot(path=tmp_path / f"{name}-{scheme}-{width}.png", full_page=True)
        assert _violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_widget_moves_with_the_customer_and_names_no_segment(
    page: Page, server: FakeServer, errors: list[str], tmp_path: Path
) -> None:
    page.goto(server.url + "/shop")
    widget = page.locator("tierline-progress")
    expect(widget).to_contain_text("$37.00 or 1 order to gold")
    server.shop.spend = 995.0
    expect(widget).to_contain_text("$5.00 or 1 order to gold")
    expect(widget).not_to_contain_text("segment")
    page.screenshot(path=tmp_path / "widget.png")
    assert _violations(page) == []
    assert errors == []


def test_the_widget_comes_back_after_the_api_was_gone(page: Page, server: FakeServer) -> None:
    page.goto(server.url + "/shop")
    widget = page.locator("tierline-progress")
    expect(widget).to_contain_text("$37.00")
    server.stop()
    server.shop.spend = 998.0
    server.start()
    expect(widget).to_contain_text("$2.00 or 1 order to gold", timeout=15_000)
