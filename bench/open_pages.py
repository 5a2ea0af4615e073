"""Open pages: event streams read as a browser reads them, many at once, and what each has been shown."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import NamedTuple, cast
from urllib.parse import quote

from state.bodies import Body

RETRY_SECONDS = 0.2


class Event(NamedTuple):
    """One server-sent event."""

    name: str
    id: str | None
    data: Body


class Page:
    """One open stream that comes back by itself where it ends, as an EventSource does."""

    def __init__(self, port: int, path: str) -> None:
        self.port, self.path = port, path
        self.last_id: str | None = None
        self.opened = 0
        self.is_shown = asyncio.Event()
        """Set by the first event."""

    async def follow(self) -> None:
        """Read for ever."""
        while True:
            with suppress(OSError, asyncio.IncompleteReadError):
                async for event in self._events():
                    self.last_id = event.id or self.last_id
                    self.take(event, time.monotonic())
                    self.is_shown.set()
            await asyncio.sleep(RETRY_SECONDS)

    def take(self, event: Event, at: float) -> None:
        """Note what was shown."""
        raise NotImplementedError

    async def _events(self) -> AsyncIterator[Event]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)
        resume = "" if self.last_id is None else f"Last-Event-ID: {quote(self.last_id)}\r\n"
        # HTTP/1.0: the answer comes without chunks.
        writer.write(f"GET {self.path} HTTP/1.0\r\nHost: bench\r\n{resume}\r\n".encode())
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head.splitlines()[0]:
                raise OSError(head.splitlines()[0])
            self.opened += 1
            while True:
                event = _event(await reader.readuntil(b"\n\n"))
                if event is not None:
                    yield event
        finally:
            writer.close()


class CustomerPage(Page):
    """One customer's page: the latest read model, and when each record of the customer first showed."""

    def __init__(self, port: int, customer_id: str) -> None:
        super().__init__(port, f"/v1/customers/{quote(customer_id)}/events")
        self.customer_id = customer_id
        self.latest: Body = {}
        self.shown: list[tuple[int, float]] = []
        """The offset of the last record in each view, and when it arrived; both only rise."""

    def take(self, event: Event, at: float) -> None:
        """Note the read model."""
        self.latest = event.data
        self.shown.append((cast("dict[str, int]", event.data["source"])["offset"], at))

    def shown_at(self, offset: int) -> float | None:
        """Return when the page first showed this record or a later one."""
        return next((at for shown, at in self.shown if shown >= offset), None)


class FeedPage(Page):
    """The page of the whole: how often it was shown each thing that was said."""

    def __init__(self, port: int) -> None:
        super().__init__(port, "/v1/overview/events")
        self.said: Counter[str] = Counter()

    def take(self, event: Event, at: float) -> None:
        """Count what was said."""
        if event.name == "feed":
            self.said[said_key(cast("Body", event.data["body"]))] += 1


def said_key(body: Body) -> str:
    """Return what tells one output from another."""
    return json.dumps(body, sort_keys=True)


def _event(block: bytes) -> Event | None:
    fields = dict(line.split(": ", 1) for line in block.decode().splitlines() if not line.startswith(":") and line)
    return Event(fields["event"], fields.get("id"), json.loads(fields["data"])) if "data" in fields else None
