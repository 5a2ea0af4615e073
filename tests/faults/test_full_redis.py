"""Redis reaches its maxmemory while orders flow, refuses every commit, and is given more."""

import asyncio

import pytest
import redis

from tests.faults.conftest import Happened, NewInstallation
from tests.faults.size import at_size
from tests.faults.watching import settled, until
from tests.integration.installation import Installation
from tests.integration.shop import a_shop
from tests.servers import NewValkey

ORDERS = at_size(3_000, 30_000)
TIMES = at_size(2, 6)
REFUSED_AT_LEAST = 3
MORE = "redis-cli CONFIG SET maxmemory"


@pytest.mark.timeout(at_size(240, 500))
async def test_a_full_redis_costs_time_only(
    new_installation: NewInstallation, new_valkey: NewValkey, happened: Happened
) -> None:
    server = new_valkey()
    shop = new_installation(redis_url=server.url, batch_records=50)
    shop.start_worker()
    producing = asyncio.create_task(shop.produce(a_shop(ORDERS, seed=67), a_second=500))
    refused = []
    with redis.Redis(port=server.port) as client:
        for number in range(TIMES):
            await shop.await_steps(300 * (number + 1))
            refused.append(await _filled(client, shop))
            client.config_set("maxmemory", 0)
    await producing
    outputs = await settled(shop)
    said = [line for worker in shop.workers for line in worker.said.splitlines() if MORE in line]
    happened("writes_refused_for_memory", refused)
    happened("lines_that_say_what_to_do", len(said))
    assert outputs > 100
    assert 1 <= len(said) <= TIMES * shop.partitions


async def _filled(client: "redis.Redis", shop: Installation) -> int:
    """Leave no memory until some writes were refused, with the worker alive; return how many were."""
    before = _refused(client)
    client.config_set("maxmemory", 1)

    async def has_refused() -> bool:
        process = shop.workers[0].process
        assert process is not None
        assert process.poll() is None, shop.workers[0].said[-1500:]
        return _refused(client) - before >= REFUSED_AT_LEAST

    await until(has_refused, "writes are refused for memory")
    return _refused(client) - before


def _refused(client: "redis.Redis") -> int:
    return int(client.info("errorstats").get("errorstat_OOM", {}).get("count", 0))
