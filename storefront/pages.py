"""Server-sent events: what an open page receives, as bytes."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from heapq import merge
from typing import Final

import msgspec
from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from schemas.instants import parse_instant
from state.bodies import Body
from state.errors import StateError
from state.live_entry import LiveEntry, Place
from storefront.cursor import BEGINNING, cursor_text, parse_cursor
from storefront.etags import digest_of
from storefront.feed import Feed
from storefront.lookup import Lookup

HEARTBEAT_SECONDS: Final = 10.0
"""Shorter than the idle timeout of common proxies; a customer's page looks again, too, because time changes it."""
PAUSE_SECONDS: Final = 0.1
"""A customer's page is sent at most so often."""
SENT_AT_FIRST: Final = 50


class EventStream(StreamingResponse):
    """Server-sent events. FastAPI's own class takes generators only, which cannot answer 404 any more once they run."""

    media_type = "text/event-stream"

    @staticmethod
    def of(events: AsyncIterator[bytes]) -> "EventStream":
        """Return the response that no proxy holds back."""
        return EventStream(events, headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})


async def customer_events(
    lookup: Lookup, feed: Feed, customer_id: str, last_id: str | None, shown: Callable[[Body], Body]
) -> AsyncGenerator[bytes]:
    """Yield the read model now and whenever it changes; ends when the customer is erased."""
    with feed.listening(customer_id) as listener:
        while not listener.is_over:
            try:
                found = await lookup.customer(customer_id)
            except StateError:
                yield KEEPALIVE_COMMENT
                await asyncio.sleep(HEARTBEAT_SECONDS / 10)
                continue
            if found.view is None:
                return
            view = shown(found.view)
            tag = digest_of(view)
            if tag != last_id:
                last_id = tag
                yield format_sse_event(event="customer", data_str=_json(view), id=tag)
                await asyncio.sleep(PAUSE_SECONDS)
            if not await listener.wait(HEARTBEAT_SECONDS):
                yield KEEPALIVE_COMMENT


async def overview_events(lookup: Lookup, feed: Feed, last_id: str | None) -> AsyncGenerator[bytes]:
    """Yield the overview as it changes, and each thing said: after ``last_id``, or from the last 50 on."""
    with feed.listening() as listener:
        sent: Body | None = None
        try:
            places, missed = await _missed(lookup, last_id)
            await feed.begin()
        except StateError:
            return
        listener.unsent.extendleft(reversed(missed))
        while not listener.is_over:
            if feed.overview is not None and feed.overview is not sent:
                sent = feed.overview
                yield format_sse_event(event="overview", data_str=_json(sent))
            while listener.unsent:
                entry = listener.unsent.popleft()
                if entry.place > places[entry.partition]:
                    places[entry.partition] = entry.place
                    yield _feed_event(entry, places)
            if not await listener.wait(HEARTBEAT_SECONDS):
                yield KEEPALIVE_COMMENT


async def _missed(lookup: Lookup, last_id: str | None) -> tuple[list[Place], list[LiveEntry]]:
    """Return where the page is, and what it has to be sent before anything new, in the order of the log's clock."""
    partitions = range(lookup.partitions)
    places = parse_cursor(last_id, lookup.partitions)
    if places is not None:
        since = [await lookup.reader.live_since(partition, places[partition]) for partition in partitions]
        return places, list(merge(*since, key=_said_at))
    newest = list(merge(*[await lookup.reader.live_newest(p, SENT_AT_FIRST) for p in partitions], key=_said_at))
    places = [BEGINNING] * lookup.partitions
    for entry in newest[:-SENT_AT_FIRST]:
        places[entry.partition] = entry.place
    return places, newest[-SENT_AT_FIRST:]


def _said_at(entry: LiveEntry) -> int:
    return parse_instant(str(_body(entry)["at"]))


def _feed_event(entry: LiveEntry, places: list[Place]) -> bytes:
    body = _body(entry)
    data = {
        "id": f"{entry.partition}-{entry.place[0]}-{entry.place[1]}",
        "at": body["at"],
        "customer_id": body["customer_id"],
        "what": body["type"],
        "body": body,
    }
    return format_sse_event(event="feed", data_str=_json(data), id=cursor_text(places))


def _body(entry: LiveEntry) -> Body:
    assert entry.body is not None, "only what was said is fed"
    return msgspec.json.decode(entry.body, type=dict[str, object])


def _json(body: Body) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
