"""What every store must promise to those who only look: what was said, who changed, how far behind a worker is."""

import secrets

from redis import asyncio as redis

from state.changes import Said
from state.live_entry import LiveEntry
from state.meta import DayCounts
from state.redis_repository import RedisRepository
from state.store import LAG_KEPT_MS, LagNote, Store, Write
from tests.contract.conftest import P, written
from tests.servers import ValkeyServer


async def test_what_was_said_is_kept_per_customer_up_to_a_bound(store: Store) -> None:
    await store.claim(P, "t1")
    said = [Said(step, 0, "c-1", b'{"n":%d}' % step) for step in range(1, 61)] + [Said(60, 1, "c-2", b"{}")]
    await written(store, Write(b"m", 60, {"c-1": b"x", "c-2": b"x"}, said=said, day=(17318, b'{"bronze":2}')))
    assert await store.told(P, "c-1") == [b'{"n":%d}' % step for step in range(11, 61)]
    assert await store.told(P, "c-2") == [b"{}"]
    assert await store.told(P, "c-3") == []


async def test_who_is_erased_or_reborn_keeps_nothing_that_was_said_before(store: Store) -> None:
    await store.claim(P, "t1")
    both = {"c-1": b"x", "c-2": b"x"}
    await written(store, Write(b"m", 2, both, said=[Said(1, 0, "c-1", b"1"), Said(2, 0, "c-2", b"2")]))
    after = Write(b"m", 5, {"c-1": None, "c-2": b"y"}, reborn={"c-2"}, said=[Said(5, 0, "c-2", b"5")])
    await written(store, after, "t2", "t3")
    assert (await store.told(P, "c-1"), await store.told(P, "c-2")) == ([], [b"5"])


async def test_clear_removes_what_was_said(store: Store) -> None:
    await store.claim(P, "t1")
    await written(store, Write(b"m", 1, {"c-1": b"x"}, due={"c-1": 1}, said=[Said(1, 0, "c-1", b"1")]))
    assert await store.clear(P, "t2")
    assert await store.told(P, "c-1") == []
    again = Write(b"m", 1, {"c-1": b"x"}, due={"c-1": 1}, said=[Said(1, 0, "c-1", b"1")])
    await written(store, again, "t2", "t3")
    assert await store.told(P, "c-1") == [b"1"]


async def test_a_lag_is_the_latest_note_of_its_partition_whoever_made_it(store: Store) -> None:
    await store.claim(P, "t1")
    assert await store.lag(P) is None
    await store.note_lag(P, LagNote(12, 1000))
    await store.claim(P, "t2")
    await store.note_lag(P, LagNote(3, 2000))
    assert (await store.lag(P), await store.lag(P + 1)) == (LagNote(3, 2000), None)
    assert await store.clear(P, "t2")
    assert await store.lag(P) == LagNote(3, 2000), "it is no part of the state"


async def test_a_lag_that_nobody_renews_is_forgotten(valkey: ValkeyServer) -> None:
    name = f"test-{secrets.token_hex(6)}"
    repository = RedisRepository(valkey.url, name)
    await repository.note_lag(P, LagNote(12, 1000))
    async with redis.from_url(valkey.url) as client:
        assert 0 < await client.pttl(f"{name}:{{tl:{P}}}:lag") <= LAG_KEPT_MS
    await repository.close()


async def test_pages_read_what_was_said_and_who_changed(valkey: ValkeyServer) -> None:
    repository = RedisRepository(valkey.url, f"test-{secrets.token_hex(6)}")
    await repository.claim(P, "t1")
    said = [Said(1, 0, "c-1", b"1"), Said(2, 0, "ü", b"2"), Said(2, 1, "c-1", b"3")]
    day = (17318, b'{"tiers":{"bronze":2},"segments":{"rfm":{"VIP":1}}}')
    write = Write(b"m", 2, {"c-1": b"x", "ü": b"x"}, said=said, day=day)
    await written(repository, write)
    entries = [LiveEntry(P, (one.step, one.number), (one.customer_id,), one.body) for one in said]
    assert await repository.live_since(P, (1, 0)) == entries[1:]
    assert await repository.live_newest(P, 2) == entries[1:]
    found = await repository.await_live({P: (2, 0)}, {P: (0, 0)}, 10)
    assert found == [entries[2], LiveEntry(P, (2, 0), ("c-1", "ü"), None)]
    assert await repository.await_live({P: (2, 1)}, {P: (2, 0)}, 10) == []
    assert await repository.days(P) == {17318: DayCounts({"bronze": 2}, {"rfm": {"VIP": 1}})}
    await written(repository, Write(b"m", 3, {"c-1": None}), "t2", "t3")
    assert await repository.live_newest(P, 9) == [entries[1]]
    await repository.close()
