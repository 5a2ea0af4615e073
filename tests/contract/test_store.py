"""What every store must promise: one suite, on the fake of the simulation, on one real server and on a cluster."""

import secrets
from hashlib import sha256

import pytest

from state.redis_repository import RedisRepository
from state.store import Dirty, Store, StoreUnavailableError, StoreUnusableError, Wanted, Write, scan
from tests.contract.conftest import P, written
from tests.servers import NewValkey, ValkeyServer


async def test_a_claim_of_nothing_finds_nothing_and_sets_the_token(store: Store) -> None:
    stored = await store.claim(P, "t1")
    assert (stored.meta, stored.journal_at, stored.published_step, stored.is_clearing) == (None, 0, 0, False)
    assert await store.token(P) == "t1"


async def test_a_commit_writes_everything_and_rotates_the_token(store: Store) -> None:
    await store.claim(P, "t1")
    ledgers = {"c-1": {"o:1": b"order", "r:1": b"refund"}}
    await written(
        store, Write(b"meta", 5, {"c-1": b"one", "ü": b"two"}, ledgers, {"c-1": 100, "ü": None}, outbox=b"said")
    )
    assert await store.token(P) == "t2"
    loaded = await store.load(P, Wanted(["c-1", "ü", "c-3"], {"c-1": ["o:1", "o:2"], "ü": ["o:1"]}))
    assert loaded.states == {"c-1": b"one", "ü": b"two", "c-3": None}
    assert loaded.ledgers == {"c-1": {"o:1": b"order", "o:2": None}, "ü": {"o:1": None}}
    assert loaded.erased == {"c-3": None}
    assert await store.load_ledgers(P, ["c-1", "c-9"]) == {"c-1": {"o:1": b"order", "r:1": b"refund"}, "c-9": {}}
    assert await store.due(P, 1000, 10) == [(100, "c-1")]
    peeked = await store.peek(P, 10)
    assert (peeked.token, peeked.entries) == ("t2", [b"said"])
    dirty = sorted(await store.dirty(P, 10), key=lambda one: one.customer_id)
    assert dirty == [Dirty("c-1", 5, b"one"), Dirty("ü", 5, b"two")]
    assert (await store.claim(P, "t3")).meta == b"meta"


async def test_a_commit_under_a_foreign_token_writes_nothing(store: Store) -> None:
    await store.claim(P, "t1")
    await store.claim(P, "t2")
    assert not await store.commit(P, "t1", "t3", Write(b"meta", 1, {"c-1": b"one"}, outbox=b"said"))
    assert await store.token(P) == "t2"
    assert (await store.load(P, Wanted(["c-1"]))).states == {"c-1": None}
    assert (await store.peek(P, 10)).entries == []


async def test_a_trim_drops_the_oldest_entries_and_notes_the_journal(store: Store) -> None:
    await store.claim(P, "t1")
    for number in range(3):
        await written(store, Write(b"meta", number, outbox=b"%d" % number), f"t{number + 1}", f"t{number + 2}")
    assert not await store.trim(P, "t1", "t9", 2, 7, 2)
    assert await store.trim(P, "t4", "t5", 2, 7, 2)
    assert (await store.peek(P, 10)).entries == [b"2"]
    stored = await store.claim(P, "t6")
    assert (stored.journal_at, stored.published_step) == (7, 2)


async def test_an_erased_customer_leaves_its_hash_and_nothing_else(store: Store) -> None:
    await store.claim(P, "t1")
    write = Write(b"m", 1, {"c-1": b"one"}, {"c-1": {"o:1": b"order"}}, {"c-1": 100}, outbox=b"about c-1")
    await written(store, write)
    erased = Write(
        b"m", 2, {"c-1": None}, erased={sha256(b"c-1").hexdigest(): 99}, outbox=b"", rewritten={0: b"about nobody"}
    )
    await written(store, erased, "t2", "t3")
    loaded = await store.load(P, Wanted(["c-1"], {"c-1": ["o:1"]}))
    assert (loaded.states, loaded.ledgers, loaded.erased) == ({"c-1": None}, {"c-1": {"o:1": None}}, {"c-1": 99})
    assert await store.due(P, 1000, 10) == []
    assert (await store.peek(P, 1)).entries == [b"about nobody"]
    assert await store.dirty(P, 10) == [Dirty("c-1", 2, None)]


async def test_who_was_erased_and_came_back_in_one_commit_has_no_old_orders(store: Store) -> None:
    await store.claim(P, "t1")
    await written(store, Write(b"m", 1, {"c-1": b"old"}, {"c-1": {"o:1": b"order"}}, {"c-1": 100}))
    again = Write(b"m", 2, {"c-1": b"new"}, {"c-1": {"o:2": b"order"}}, {"c-1": 200}, reborn={"c-1"})
    await written(store, again, "t2", "t3")
    assert await store.load_ledgers(P, ["c-1"]) == {"c-1": {"o:2": b"order"}}
    assert await store.due(P, 1000, 10) == [(200, "c-1")]


async def test_more_than_one_slice_arrives_whole(store: Store) -> None:
    await store.claim(P, "t1")
    ids = [f"c-{number}" for number in range(1700)]
    ledgers = {"c-1": {f"o:{number}": b"%d" % number for number in range(2600)}}
    await written(store, Write(b"m", 1, {i: i.encode() for i in ids}, ledgers, dict.fromkeys(ids, 1)))
    loaded = await store.load(P, Wanted(ids, {"c-1": list(ledgers["c-1"]), "c-2": ["o:1"]}))
    assert loaded.states == {i: i.encode() for i in ids}
    assert loaded.ledgers == {"c-1": ledgers["c-1"], "c-2": {"o:1": None}}
    assert len(await store.due(P, 1, 10_000)) == 1700


async def test_a_scan_finds_everyone_in_slices(store: Store) -> None:
    await store.claim(P, "t1")
    ids = [f"ü-{number}" for number in range(1200)]
    due = {one: number if number % 3 else None for number, one in enumerate(ids)}
    await written(store, Write(b"m", 1, dict.fromkeys(ids, b"x"), due=due))
    slices = [found async for found in scan(store, P, 500)]
    assert len(slices) >= 3
    assert {customer_id for found in slices for customer_id in found} == set(ids)
    first = await store.scan_from(P, 0, 500)
    assert first.place != 0
    assert all(due[customer_id] == at for at, customer_id in first.due)
    assert [found async for found in scan(store, P + 1, 500)] == []


async def test_clean_forgets_only_who_did_not_change_since(store: Store) -> None:
    await store.claim(P, "t1")
    await written(store, Write(b"m", 1, {"c-1": b"one", "c-2": b"two"}))
    seen = await store.dirty(P, 10)
    await written(store, Write(b"m", 2, {"c-2": b"later"}), "t2", "t3")
    await store.clean(P, seen)
    assert await store.dirty(P, 10) == [Dirty("c-2", 2, b"later")]


async def test_clear_removes_everything_but_the_token(store: Store) -> None:
    await store.claim(P, "t1")
    ids = [f"c-{number}" for number in range(1200)]
    write = Write(b"m", 1, dict.fromkeys(ids, b"x"), {"c-1": {"o:1": b"o"}}, dict.fromkeys(ids, 1), outbox=b"said")
    await written(store, write)
    assert not await store.clear(P, "t1")
    assert await store.clear(P, "t2")
    stored = await store.claim(P, "t3")
    assert (stored.meta, stored.is_clearing) == (None, False)
    assert (await store.load(P, Wanted(["c-1"], {"c-1": ["o:1"]}))).ledgers == {"c-1": {"o:1": None}}
    assert await store.due(P, 10, 10) == []
    assert (await store.peek(P, 10)).entries == []


async def test_partitions_do_not_see_each_other(store: Store) -> None:
    await store.claim(P, "t1")
    await store.claim(P + 1, "other")
    await written(store, Write(b"m", 1, {"c-1": b"one"}))
    assert (await store.load(P + 1, Wanted(["c-1"]))).states == {"c-1": None}
    assert await store.token(P + 1) == "other"


async def test_a_store_that_may_evict_is_refused(new_valkey: NewValkey) -> None:
    server = new_valkey(options={"maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"})
    repository = RedisRepository(server.url)
    with pytest.raises(StoreUnusableError, match=r"may evict customers.*noeviction"):
        await repository.claim(P, "t1")
    await repository.close()


async def test_a_store_without_a_log_on_disk_is_used_with_a_warning(new_valkey: NewValkey) -> None:
    repository = RedisRepository(new_valkey(options={"appendonly": "no"}).url)
    assert "no AOF" in (await repository.claim(P, "t1")).warnings[0]
    await repository.close()


async def test_a_claim_on_a_store_with_a_log_waits_for_the_disk(valkey: ValkeyServer) -> None:
    repository = RedisRepository(valkey.url, f"test-{secrets.token_hex(6)}")
    assert (await repository.claim(P, "t1")).warnings == ()
    await repository.close()


async def test_a_store_that_is_gone_is_unavailable() -> None:
    repository = RedisRepository("redis://127.0.0.1:1")
    with pytest.raises(StoreUnavailableError, match=r"127.0.0.1:1 does not answer"):
        await repository.claim(P, "t1")
    await repository.close()
