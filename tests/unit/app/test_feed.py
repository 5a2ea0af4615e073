"""The feed behind the streams: one reader, many pages; where a page resumes; a store that goes back."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing

import pytest

from schemas.instants import parse_instant
from schemas.program import Program
from state.live_entry import LiveEntry, Place
from state.meta import DayCounts, PartitionMeta, decode_day, decode_meta, encode_meta
from state.store import CHANGED_MAX
from storefront import pages
from storefront.cursor import cursor_text, parse_cursor
from storefront.feed import UNSENT_MAX, Feed
from storefront.lookup import Lookup
from storefront.overview import Look, history, overview
from tests.unit.app.store_in_memory import StoreInMemory


class Talking(StoreInMemory):
    """Says what a test puts into `queue`, at the step of `step`."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: asyncio.Queue[LiveEntry] = asyncio.Queue()
        self.asked: list[dict[int, Place]] = []
        self.burst: list[LiveEntry] = []
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
        if self.burst:
            burst, self.burst = self.burst, []
            return burst
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


async def test_a_page_opened_before_the_first_look_has_the_whole_before_what_is_said() -> None:
    store = Talking()
    async with aclosing(pages.overview_events(lookup_of(store), Feed(store, 1), None)) as stream:
        assert (await anext(stream)).startswith(b"event: overview")
        assert (await anext(stream)).startswith(b"event: feed")


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


@pytest.mark.parametrize(
    "text", [None, "", "1.0", "a.b_1.0", "1_2", "1.0_2.0_3.0", "-1.0_2.0", "9" * 40 + ".0_1.0", f"{2**64 - 1}.0_1.0"]
)
def test_what_is_no_cursor_of_two_partitions_begins_with_the_newest(text: str | None) -> None:
    assert parse_cursor(text, 2) is None


def test_history_keeps_the_last_counts_of_a_silent_partition_and_forgets_old_slots() -> None:
    meta = PartitionMeta(clock_at=parse_instant("2017-06-03T08:00:00Z"))
    day = parse_instant("2017-06-01T00:00:00Z") // 86_400_000_000
    loyal = DayCounts({"bronze": 3}, {"rfm": {"Loyal": 3}})
    days = [
        {day: loyal, day - 400: DayCounts({"bronze": 9})},
        {day + 1: DayCounts({"silver": 1}), day + 2: DayCounts({"silver": 2}, {"rfm": {"VIP": 2}})},
    ]
    nowhere: dict[str, int] = {}
    assert history([meta], days) == [
        {"at": at, "tiers": tiers, "segments": {"rfm": rfm, "cluster": nowhere, "persona": nowhere}}
        for at, tiers, rfm in (
            ("2017-06-02T00:00:00Z", {"bronze": 3}, {"Loyal": 3}),
            ("2017-06-03T00:00:00Z", {"bronze": 3, "silver": 1}, {"Loyal": 3}),
            ("2017-06-03T08:00:00Z", {"bronze": 3, "silver": 2}, {"Loyal": 3, "VIP": 2}),
        )
    ]


def test_many_segments_are_summed_in_the_order_in_which_a_reader_expects_them() -> None:
    metas = [_with_segments(model=16, adoptions=1), _with_segments(model=17, adoptions=2)]
    body = overview(Look(metas, 5), 1.0)
    assert body["model"] == {"lowest": 16, "highest": 17, "adoptions": 3, "priced_by": None, "labels": 0}
    assert body["lag"] == 5
    assert body["segments"] == {
        "rfm": [
            {"name": name, "customers": {"VIP": 4, "At Risk": 2}.get(name, 0)}
            for name in ("VIP", "Loyal", "Potential Loyalist", "At Risk", "Dormant", "Regulars")
        ],
        "cluster": [{"name": "Champions", "customers": 4}, {"name": "Sleepers", "customers": 2}],
        "persona": [
            {"name": name, "customers": 2} for name in ("Active Bronze", "Dormant Bronze", "Active Gold", "Active Lead")
        ],
    }
    moved = [{"from": "VIP", "to": "At Risk", "count": 2}]
    assert body["segment_migrations"] == {"rfm": moved, "cluster": [], "persona": []}


def test_a_model_that_not_every_partition_has_is_not_the_lowest() -> None:
    metas = [_with_segments(model=-1, adoptions=0), _with_segments(model=3, adoptions=1)]
    model = overview(Look(metas, None), 0.0)["model"]
    assert model == {"lowest": None, "highest": 3, "adoptions": 1, "priced_by": None, "labels": 0}


@pytest.mark.parametrize(
    ("blob", "counts"),
    [
        (b'[17318,{"bronze":2}]', DayCounts({"bronze": 2})),
        (b'[17318,{"tiers":2}]', DayCounts({"tiers": 2})),
        (b"[17318,{}]", DayCounts({})),
        (b'[17318,{"tiers":{"bronze":2},"segments":{"rfm":{"VIP":1}}}]', DayCounts({"bronze": 2}, {"rfm": {"VIP": 1}})),
    ],
)
def test_a_day_from_before_there_were_segments_is_still_read(blob: bytes, counts: DayCounts) -> None:
    assert decode_day(blob) == (17318, counts)


async def test_more_commits_than_are_kept_let_every_customer_look_again() -> None:
    store = Talking()
    feed = Feed(store, 1)
    with feed.listening("c-9") as listener:
        async with feed.running():
            await until(lambda: bool(store.asked))
            assert await listener.wait(1), "the first look may have come after a commit"
            assert not await listener.wait(0.3)
            store.burst = [LiveEntry(0, (step, 0), ("c-1",), None) for step in range(200, 200 + CHANGED_MAX)]
            assert await listener.wait(1)


def _with_segments(model: int, adoptions: int) -> PartitionMeta:
    return PartitionMeta(
        program=Program().canonical_json(),
        model=model,
        counters={"adoptions": adoptions},
        customers_by_segment={
            "rfm": {"At Risk": 1, "VIP": 2},
            "cluster": {"Sleepers": 1, "Champions": 2},
            "persona": {"Active Lead": 1, "Active Gold": 1, "Dormant Bronze": 1, "Active Bronze": 1},
        },
        segment_moves={"rfm": {"VIP": {"At Risk": 1}}},
    )
