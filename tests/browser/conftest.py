"""Debian's chromium and a stand-in API. Without a browser these tests are skipped by name; in CI they fail."""

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import uvicorn
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.fake_api import fake_app
from tests.browser.fake_shop import FakeShop

WAIT_SECONDS = 60
expect.set_options(timeout=20_000)
"""A page needs seconds where three runs of tests share two cores; by default 5 s have to do."""


@dataclass
class FakeServer:
    """The stand-in at one address, which can be stopped and started again."""

    shop: FakeShop = field(default_factory=FakeShop)
    port: int = 0

    def start(self) -> None:
        """Answer, at the same port each time."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(fake_app(self.shop), log_config=None, timeout_graceful_shutdown=0, ws="none")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]})
        self._thread.start()
        until = time.monotonic() + WAIT_SECONDS
        while not self._server.started and time.monotonic() < until:
            time.sleep(0.01)

    def stop(self) -> None:
        """Cut every stream and give the port back."""
        self._server.should_exit = True
        self._thread.join(WAIT_SECONDS)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A stand-in of the test's own."""
    fake = FakeServer()
    fake.start()
    yield fake
    fake.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's chromium, without a window; its event loop ends before other tests want one."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        if os.environ.get("CI"):
            pytest.fail("There is no chromium. Install it: apt-get install chromium")
        pytest.skip("no chromium: apt-get install chromium")
    # Chromium's sandbox does not start for root.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=options)
        yield chromium
        chromium.close()


@pytest.fixture
def errors() -> list[str]:
    """What the page complained about."""
    return []


@pytest.fixture
def page(browser: Browser, errors: list[str]) -> Iterator[Page]:
    """A fresh page in English whose complaints are kept in ``errors``."""

    def keep(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(message.text)

    context = browser.new_context(locale="en-US", viewport={"width": 1360, "height": 900})
    fresh = context.new_page()
    fresh.on("console", keep)
    fresh.on("pageerror", lambda error: errors.append(str(error)))
    yield fresh
    context.close()
