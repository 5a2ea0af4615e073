"""The feed behind the streams: one reader, many pages; where a page resumes; a store that goes back."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing

import pytest

from schemas.instants import parse_instant
from state.meta import PartitionMeta, decode_meta, encode_meta
from state.redis_reading import LiveEntry, Place
from storefront import pages
from storefront.cursor import cursor_text, parse_cursor
from storefront.feed import UNSENT_MAX, Feed
from storefront.lookup import Lookup
from storefront.overview import history
from tests.unit.app.test_api import StoreInMemory


class Talking(StoreInMemory):
    """Says what a test puts into `queue`, at the step of `step`."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: asyncio.Queue[LiveEntry] = asyncio.Queue()
        self.asked: list[dict[int, Place]] = []
        self.step = 100

    async def meta(self, partition: int) -> bytes | None:
        blob = await super().meta(partition)
        assert blob is not None
        meta = decode_meta(blob)
        meta.step = self.step
        return encode_meta(meta)

    async def await_live(
        self, places: Mapping[int, Place], changed: Mapping[int, Place], wait_ms: int
    ) -> list[LiveEntry]:
        self.asked.append(dict(places))
        try:
            return [await asyncio.wait_for(self.queue.get(), 0.02)]
        except TimeoutError:
            return []


def said(step: int, number: int = 0) -> LiveEntry:
    body = b'{"type":"tier.changed","at":"2017-06-01T12:00:00Z","customer_id":"c-1"}'
    return LiveEntry(0, (step, number), ("c-1",), body)


async def feeds(events: AsyncIterator[bytes], count: int) -> list[str]:
    ids: list[str] = []
    async with asyncio.timeout(5):
        while len(ids) < count:
            lines = (await anext(events)).decode().splitlines()
            if "event: feed" in lines:
                ids.append(next(line for line in lines if line.startswith("id: ")))
    return ids


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("waited for 10 s")


def lookup_of(store: StoreInMemory) -> Lookup:
    return Lookup(store, 1, lambda key: 0, lambda: parse_instant("2017-06-03T12:00:00Z"))


async def test_many_pages_share_one_reader_and_each_gets_everything_once() -> None:
    store = Talking()
    feed = Feed(store, 1)
    async with feed.running():
        streams = [pages.overview_events(lookup_of(store), feed, "99.0") for _ in range(3)]
        got = [asyncio.create_task(feeds(stream, 2)) for stream in streams]
        await until(lambda: feed.listeners == 3)
        for entry in (said(101), said(101), said(101, 1)):
            store.queue.put_nowait(entry)
        assert await asyncio.gather(*got) == [["id: 101.0", "id: 101.1"]] * 3
        for stream in streams:
            await stream.aclose()
        assert feed.listeners == 0


async def test_a_store_that_went_back_is_followed_from_where_it_is_and_repeats_nothing() -> None:
    store = Talking()
    feed = Feed(store, 1)
    async with feed.running(), aclosing(pages.overview_events(lookup_of(store), feed, "99.0")) as stream:
        got = asyncio.create_task(feeds(stream, 2))
        await until(lambda: feed.listeners == 1)
        store.queue.put_nowait(said(120))
        await asyncio.sleep(0.1)
        store.step = 110
        await until(lambda: store.asked[-1][0][0] == 110)
        store.queue.put_nowait(said(120))
        store.queue.put_nowait(said(121))
        assert await got == ["id: 120.0", "id: 121.0"]


async def test_a_page_that_lies_far_behind_is_let_go() -> None:
    feed = Feed(Talking(), 1)
    with feed.listening() as slow:
        for step in range(UNSENT_MAX + 1):
            assert not slow.is_over
            feed.take(said(step))
        assert slow.is_over


async def test_silence_is_broken_by_heartbeats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "HEARTBEAT_SECONDS", 0.01)
    store = Talking()
    events = pages.customer_events(lookup_of(store), Feed(store, 1), "c-1", None, lambda view: view)
    async with aclosing(events):
        assert (await anext(events)).startswith(b"event: customer\ndata: {")
        assert await anext(events) == b": ping\n\n"


@pytest.mark.parametrize("places", [[(0, 0)], [(12, 0), (0, 0), (7, 3)]])
def test_a_cursor_comes_back_as_it_was(places: Sequence[Place]) -> None:
    assert parse_cursor(cursor_text(places), len(places)) in (places, None if len(places) == 1 else places)


@pytest.mark.parametrize("text", [None, "", "1.0", "a.b_1.0", "1_2", "1.0_2.0_3.0", "-1.0_2.0", "9" * 40 + ".0_1.0"])
def test_what_is_no_cursor_of_two_partitions_begins_with_the_newest(text: str | None) -> None:
    assert parse_cursor(text, 2) is None


def test_history_keeps_the_last_counts_of_a_silent_partition_and_forgets_old_slots() -> None:
    meta = PartitionMeta(clock_at=parse_instant("2017-06-03T08:00:00Z"))
    day = parse_instant("2017-06-01T00:00:00Z") // 86_400_000_000
    days = [{day: {"bronze": 3}, day - 400: {"bronze": 9}}, {day + 1: {"silver": 1}, day + 2: {"silver": 2}}]
    assert history([meta], days) == [
        {"at": "2017-06-02T00:00:00Z", "tiers": {"bronze": 3}},
        {"at": "2017-06-03T00:00:00Z", "tiers": {"bronze": 3, "silver": 1}},
        {"at": "2017-06-03T08:00:00Z", "tiers": {"bronze": 3, "silver": 2}},
    ]
