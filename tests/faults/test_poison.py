"""T13: every third record is a mutated event, each reply of Redis is late, and one of two workers is killed."""

import asyncio
import json
from collections import Counter
from random import Random

import pytest

from schemas.topics import CONSENTS, ORDERS
from tests.builders import an_erasure
from tests.faults.conftest import Happened, NewInstallation
from tests.faults.proxy import before
from tests.faults.size import at_size
from tests.faults.watching import end_in_order
from tests.fuzz.mutations import Sent, mutated
from tests.integration.installation import Installation, as_bytes
from tests.integration.shop import a_shop
from tests.integration.test_hostile_input import as_kafka_takes_it, assert_reconciles, erases, produce
from tests.integration.worker_process import WorkerProcess
from tests.oracle_rules import instant_text
from tests.product import FATES
from tests.servers import NewValkey

ORDERS_SENT = at_size(4_000, 30_000)
KILLS = at_size(1, 6)
A_SECOND = at_size(300, 500)
LATE_SECONDS = 0.02, 0.2
ERASED = 20


@pytest.mark.timeout(at_size(300, 600))
async def test_poison_and_a_slow_redis_leave_a_record_that_reconciles(
    new_installation: NewInstallation, new_valkey: NewValkey, happened: Happened
) -> None:
    random, sent = Random(83), _mixed()
    with before(new_valkey().port) as proxy:
        proxy.delay = lambda: random.uniform(*LATE_SECONDS)
        shop = new_installation(redis_url=proxy.url, batch_records=100)
        for _ in range(2):
            shop.start_worker()
        producing = asyncio.create_task(produce(shop, sent, A_SECOND))
        for number in range(KILLS):
            await shop.await_steps(len(sent) * (number + 1) // (KILLS + 2), 120)
            shop.workers[number % 2].kill()
            shop.workers[number % 2].start()
        flowed = not producing.done()
        await producing
        await shop.await_rest(120)
        # What an erasure takes out of the outbox was never published, so the books hold until the first one.
        outputs = await shop.assert_books()
        erasures = await _erase_some(shop, sent)
        for worker in shop.workers:
            await _lived_until_now(worker)
        fates = sum([await assert_reconciles(shop, one) for one in range(shop.partitions)], Counter[str]())
    for name, count in (("kills", KILLS), ("replies_held", proxy.replies_held), *sorted(fates.items())):
        happened(name, count)
    assert outputs > 500
    assert fates.total() == len(sent) + erasures
    assert all(fates[fate] for fate in FATES), "each fate must have been met"
    assert fates["dead"] > len(sent) // 10, "hardly anything was poison"
    assert flowed, "records ended before the kills did"
    assert proxy.replies_held > len(sent) // 50


def _mixed() -> list[Sent]:
    """Return good orders and consents, each third followed by what a mutation made of it."""
    random, sent = Random(83), []
    for number, (topic, key, at_ms, value) in enumerate(a_shop(ORDERS_SENT, seed=83, customers=ORDERS_SENT // 8)):
        sent.append(Sent(key.decode(), topic, at_ms, value, key, is_valid=True))
        spoiled = mutated(random, topic, json.loads(value), at_ms)
        if number % 3 == 0 and not erases(spoiled):
            sent.append(as_kafka_takes_it(spoiled))
    return sent


async def _erase_some(shop: Installation, sent: list[Sent]) -> int:
    """Erase some customers and send an older order of each; return how many records that were."""
    at_ms = max(one.timestamp_ms for one in sent)
    first_orders = {one.customer_id: one for one in reversed(sent) if one.is_valid and one.topic == ORDERS}
    records = []
    for customer_id, older in sorted(first_orders.items())[:ERASED]:
        key, value = as_bytes(an_erasure(instant_text(at_ms * 1000), customer_id=customer_id))
        records += [Sent(customer_id, CONSENTS, at_ms, value, key), older]
    await produce(shop, records[::2])
    await shop.await_rest()
    await produce(shop, records[1::2])
    await shop.await_rest()
    return len(records)


async def _lived_until_now(worker: WorkerProcess) -> None:
    await end_in_order(worker)
    assert "Traceback" not in worker.said, worker.said[-1500:]
    assert "error: " not in worker.said, worker.said[-1500:]
