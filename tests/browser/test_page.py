"""The page in a real browser, over made-up data that moves."""

from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import FakeServer
from tests.browser.fake_api import HOSTILE

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
    expect(page.locator("#figures")).to_contain_text("none yet")
    expect(page.locator("#segments")).to_contain_text("There are no segments yet")
    expect(page.locator("#history svg")).to_be_visible()
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
