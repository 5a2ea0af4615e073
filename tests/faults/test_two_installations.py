"""Two installations on one Kafka and one Redis: neither sees the other, also while one of them dies and erases."""

import asyncio
import json
from functools import partial

import pytest
import redis
from kafka import KafkaAdminClient

from schemas.instants import format_instant
from schemas.topics import CONSENTS
from tests.faults.conftest import Happened, NewInstallation
from tests.faults.size import at_size
from tests.faults.watching import have_begun, settled, until
from tests.integration.installation import Installation
from tests.integration.shop import BEGIN_MS, Record, a_shop
from tests.servers import NewKafka, NewValkey

ORDERS = at_size(3_000, 20_000)
KILLS = at_size(3, 10)
ERASED = "c-7"
DAY_MS = 86_400_000


@pytest.mark.timeout(at_size(240, 600))
async def test_two_installations_on_the_same_servers_do_not_see_each_other(
    new_installation: NewInstallation, new_kafka: NewKafka, new_valkey: NewValkey, happened: Happened
) -> None:
    broker, server = new_kafka(), new_valkey()
    shops = [new_installation(kafka=broker.bootstrap, redis_url=server.url, batch_records=50) for _ in range(2)]
    dies, lives = shops
    # One that a busy machine keeps from running for two seconds is not to lose its partition.
    lives.options["session_timeout_seconds"] = 30
    for shop in (*shops, *shops):
        shop.start_worker()
    await until(partial(have_begun, [*dies.workers, *lives.workers]), "each worker has one of its two partitions")
    # The same customers and orders in both: what one did to the other would show in its books.
    producing = [asyncio.create_task(shop.produce(a_shop(ORDERS, seed=83), a_second=250)) for shop in shops]
    for kill in range(KILLS):
        await dies.await_steps(await dies.steps() + 100)
        worker = dies.workers[kill % 2]
        worker.kill()
        worker.start()
    await asyncio.gather(*producing)
    # Else the erasure may be taken before the last orders, and take out of the outbox what was said of the customer.
    await dies.await_rest()
    await dies.produce([erasure(ERASED)])
    await until(partial(is_gone, dies, server.url), "the customer is erased")
    outputs = [await settled(shop) for shop in shops]
    happened("kills", KILLS)
    assert min(outputs) > 300
    client = redis.Redis.from_url(server.url)
    names = [shop.name.encode() for shop in shops]
    owners = [[name for name in names if key.startswith(name + b":")] for key in client.scan_iter(count=1000)]
    assert all(len(found) == 1 for found in owners), "each key is somebody's, and only theirs"
    assert not await is_gone(lives, server.url)
    groups = await asyncio.to_thread(groups_at, broker.bootstrap)
    assert sorted(groups) == sorted(f"{shop.name}-worker" for shop in shops)
    assert not any("claiming again" in worker.said for worker in lives.workers)


def erasure(customer_id: str) -> Record:
    """Return the record that erases a customer, later than all of theirs."""
    at_ms = BEGIN_MS + 400 * DAY_MS
    body = {"type": "customer.erased", "customer_id": customer_id, "occurred_at": format_instant(at_ms * 1000)}
    return CONSENTS, customer_id.encode(), at_ms, json.dumps(body).encode()


def groups_at(bootstrap: str) -> list[str]:
    """Return the consumer groups that the broker knows."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        return [str(group["group_id"]) for group in admin.list_groups()]
    finally:
        admin.close()


async def is_gone(shop: Installation, url: str) -> bool:
    """Tell whether no partition has the customer."""
    client = redis.Redis.from_url(url)
    return not any(client.exists(f"{shop.name}:{{tl:{p}}}:c:{ERASED}") for p in range(shop.partitions))
