"""Which server is asked about a partition, and waiting for news of partitions that are on several."""

import asyncio
from collections.abc import Mapping

import pytest
from redis.exceptions import MovedError

from state.live_entry import LiveEntry, Place
from state.redis_servers import RedisServers, one_each, shown_server
from state.redis_waits import Waits
from state.store import StoreUnavailableError

ADDRESS = "rediss://u:p@one:7000,two:7001/0?ssl_ca_certs=ca.pem"


def test_an_address_may_name_several_servers_with_one_login() -> None:
    options = "/0?ssl_ca_certs=ca.pem"
    assert one_each(ADDRESS) == [f"rediss://u:p@one:7000{options}", f"rediss://u:p@two:7001{options}"]
    assert one_each("unix:///run/redis.sock") == ["unix:///run/redis.sock"]
    assert shown_server(one_each(ADDRESS)[0]) == "one:7000/0"


def test_a_partition_stays_where_it_was_found_with_the_same_login() -> None:
    servers = RedisServers(ADDRESS, 1.0)
    assert shown_server(servers.url(3)) == "one:7000/0"
    servers.moved(3, MovedError("2784 three:7002"))
    assert servers.url(3) == "rediss://u:p@three:7002/0?ssl_ca_certs=ca.pem"
    assert shown_server(servers.url(4)) == "one:7000/0", "another slot may be anywhere"
    assert servers.count == 3


def test_a_server_that_knows_no_name_of_another_means_its_own_host() -> None:
    servers = RedisServers("redis://u:p@one:7000/0", 1.0)
    servers.moved(3, MovedError("2784 :7002"))
    assert servers.url(3) == "redis://u:p@one:7002/0"


def test_after_a_failure_every_known_server_is_asked_in_turn() -> None:
    servers = RedisServers(ADDRESS, 1.0)
    servers.moved(3, MovedError("2784 three:7002"))
    asked = []
    for _ in range(3):
        servers.forget(3)
        asked.append(shown_server(servers.url(3)))
    assert sorted(asked) == ["one:7000/0", "three:7002/0", "two:7001/0"]


class Servers:
    """News of partitions, by partition; what is asked is noted."""

    def __init__(self) -> None:
        self.news: dict[int, asyncio.Future[list[LiveEntry]]] = {}
        self.asked: list[tuple[dict[int, Place], dict[int, Place]]] = []

    async def read(
        self, places: Mapping[int, Place], changed: Mapping[int, Place], wait_ms: int
    ) -> list[LiveEntry]:
        self.asked.append((dict(places), dict(changed)))
        (partition,) = places.keys() | changed.keys()
        news = self.news.setdefault(partition, asyncio.get_running_loop().create_future())
        try:
            async with asyncio.timeout(wait_ms / 1000):
                return await asyncio.shield(news)
        except TimeoutError:
            return []


def _entry(partition: int) -> LiveEntry:
    return LiveEntry(partition, (7, 0), ("c-1",), b"{}")


async def test_news_of_one_partition_do_not_wait_for_the_others_and_nothing_is_asked_twice() -> None:
    servers = Servers()
    waits = Waits(servers.read)
    places, changed = {0: (1, 0), 1: (2, 0)}, {1: (3, 0)}
    waiting = asyncio.create_task(waits.any(places, changed, 5000))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    servers.news[1].set_result([_entry(1)])
    assert await asyncio.wait_for(waiting, 1) == [_entry(1)]
    assert sorted(map(repr, servers.asked)) == sorted(map(repr, [({0: (1, 0)}, {}), ({1: (2, 0)}, {1: (3, 0)})]))
    del servers.news[1]
    servers.news[0].set_result([_entry(0)])
    assert await asyncio.wait_for(waits.any({0: (1, 0), 1: (7, 0)}, {1: (3, 0)}, 5000), 1) == [_entry(0)]
    assert [asked for asked in servers.asked if 0 in asked[0]] == [({0: (1, 0)}, {})], "its read was still under way"
    await waits.stop()


async def test_a_wait_for_nothing_ends_in_time() -> None:
    waits = Waits(Servers().read)
    assert await asyncio.wait_for(waits.any({0: (1, 0), 1: (1, 0)}, {}, 20), 1) == []
    await waits.stop()


async def test_a_partition_that_cannot_be_read_is_told_only_where_nobody_has_news() -> None:
    servers = Servers()
    waits = Waits(servers.read)
    gone: asyncio.Future[list[LiveEntry]] = asyncio.get_running_loop().create_future()
    gone.set_exception(StoreUnavailableError("gone"))
    full: asyncio.Future[list[LiveEntry]] = asyncio.get_running_loop().create_future()
    full.set_result([_entry(1)])
    servers.news = {0: gone, 1: full}
    assert await waits.any({0: (1, 0), 1: (1, 0)}, {}, 1000) == [_entry(1)]
    del servers.news[1]
    with pytest.raises(StoreUnavailableError, match="gone"):
        await waits.any({0: (1, 0), 1: (7, 0)}, {}, 1000)
    await waits.stop()
