"""The page over the real thing: a worker, the API, Kafka and Valkey; what an order changes is seen in the page."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.integration.test_api import Shop, a_shop, an_order
from tests.servers import KafkaServer
from tierline.embedded import EmbeddedValkey

SOON_MS = 20_000


@pytest.fixture
def shop(
    kafka: KafkaServer, new_valkey: Callable[..., EmbeddedValkey], unique_name: str, tmp_path: Path
) -> Iterator[Shop]:
    with a_shop(kafka, new_valkey(), unique_name, tmp_path) as made:
        made.start()
        made.wait_for("/health/ready", lambda answer: answer.status == 200)
        yield made


@pytest.mark.timeout(180)
def test_an_order_is_seen_in_the_page_and_after_a_restart_of_the_api(page: Page, shop: Shop, errors: list[str]) -> None:
    shop.produce(an_order(1, "460.00"))
    shop.wait_for("/v1/customers/c-1", lambda answer: answer.status == 200)
    page.goto(f"http://127.0.0.1:{shop.settings['TIERLINE_API_PORT']}/")
    expect(page.locator("#connection")).to_have_text("Live")
    page.get_by_label("Customer id").fill("c-1")
    page.keyboard.press("Enter")
    customer, feed = page.locator("#customer"), page.locator("#feed")
    expect(customer).to_contain_text("$40.00 or 3 orders to silver")
    shop.produce(an_order(2, "45.00"))
    expect(customer).to_contain_text("to gold", timeout=SOON_MS)
    expect(feed).to_contain_text("Customer c-1 reached silver", timeout=SOON_MS)
    assert [found["id"] for found in Axe().run(page).response["violations"]] == []
    assert errors == []

    api = shop.children.pop()
    api.process.send_signal(signal.SIGTERM)
    api.process.wait(30)
    expect(page.locator("#connection")).to_contain_text("Connection lost", timeout=SOON_MS)
    shop.start_process("api")
    expect(page.locator("#connection")).to_have_text("Live", timeout=SOON_MS)
    shop.produce(an_order(3, "600.00"))
    expect(feed).to_contain_text("Customer c-1 reached gold", timeout=SOON_MS)
