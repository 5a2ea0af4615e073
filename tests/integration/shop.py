"""What a shop's customers do, as records of the input topics."""

import json
from random import Random

from schemas.instants import format_instant
from schemas.topics import CONSENTS, ORDERS
from tests import builders
from tests.integration.installation import as_bytes

BEGIN_MS = 1_488_000_000_000
Record = tuple[str, bytes, int, bytes]


def a_shop(
    orders: int,
    seed: int,
    customers: int = 1500,
    redelivered: float = 0.15,
    late: float = 0.0,
    *,
    begin_ms: int = BEGIN_MS,
    every_ms: int = 200_000,
    first: int = 0,
) -> list[Record]:
    """Return orders, some refunds and redeliveries, and consents; their timestamps do not rise.

    ``late`` is the share of orders that the log learns of up to ten days after they were placed; else it is two hours.
    ``first``: where the numbers of orders go on, and with them the time.
    """
    random, records = Random(seed), []
    placed: list[Record] = []
    for number in range(first, first + orders):
        at_ms = begin_ms + number * every_ms - random.randrange(3_600_000)
        when = format_instant((at_ms - random.randrange(7_200_000)) * 1000)
        customer_id = f"c-{random.randrange(customers)}"
        if random.random() < 0.05 or number < customers // 20:
            key, value = as_bytes(builders.a_consent(random.random() < 0.9, when, customer_id=customer_id))
            records.append((CONSENTS, key, at_ms, value))
        if placed and random.random() < redelivered:
            _, key, _, value = random.choice(placed[-500:])
            records.append((ORDERS, key, at_ms, value))
        if placed and random.random() < 0.04:
            _, key, _, value = random.choice(placed[-500:])
            order = json.loads(value)
            refund = builders.a_refund(f"r-{number}", order["order_id"], "7.00", when, customer_id=key.decode())
            records.append((ORDERS, key, at_ms, as_bytes(refund)[1]))
        if late and random.random() < late:
            when = format_instant((at_ms - random.randrange(864_000_000)) * 1000)
        amount = f"{random.randrange(5, 120)}.{random.randrange(100):02d}"
        key, value = as_bytes(builders.an_order(f"o-{number}", amount, when, customer_id=customer_id))
        placed.append((ORDERS, key, at_ms, value))
        records.append(placed[-1])
    return records
