"""Orders at a steady rate, as a process of its own: `python -m bench.order_flow JSON` prints its `Flowed` as JSON."""

import asyncio
import random
import sys
import time
from collections.abc import Iterator

import msgspec
from aiokafka import AIOKafkaProducer

from schemas.instants import format_instant

BEAT_SECONDS = 0.01


class Flow(msgspec.Struct, frozen=True):
    """What to send: each customer's first order if ``a_second`` is 0, else orders of customers by chance."""

    kafka: str
    topic: str
    customers: int
    orders: int
    a_second: int
    name: str
    """What the order ids begin with."""


class Flowed(msgspec.Struct, frozen=True):
    """How many orders the broker has, and how long sending them took."""

    orders: int
    seconds: float


def customer(number: int) -> str:
    """Return a customer's id."""
    return f"w-{number}"


async def send(flow: Flow) -> Flowed:
    """Send all; a beat that comes late is made up for in the next."""
    producer = AIOKafkaProducer(bootstrap_servers=flow.kafka, linger_ms=5, max_batch_size=256 * 1024)
    await producer.start()
    began_at = time.monotonic()
    try:
        for number, (customer_id, body) in enumerate(_orders(flow)):
            ahead = number / flow.a_second - (time.monotonic() - began_at) if flow.a_second else 0.0
            if ahead > BEAT_SECONDS:
                await asyncio.sleep(ahead)
            now = time.time_ns() // 1000
            value = msgspec.json.encode({**body, "occurred_at": format_instant(now)})
            await producer.send(flow.topic, value, customer_id.encode(), timestamp_ms=now // 1000)
        await producer.flush()
    finally:
        await producer.stop()
    return Flowed(flow.orders, time.monotonic() - began_at)


def _orders(flow: Flow) -> Iterator[tuple[str, dict[str, object]]]:
    chance = random.Random(flow.name)
    for number in range(flow.orders):
        customer_id = customer(chance.randrange(flow.customers) if flow.a_second else number)
        minor = int(chance.lognormvariate(7.7, 1.0)) + 1
        yield (
            customer_id,
            {
                "type": "order.placed",
                "customer_id": customer_id,
                "order_id": f"{flow.name}-{number}",
                "amount": f"{minor // 100}.{minor % 100:02d}",
                "currency": "USD",
            },
        )


if __name__ == "__main__":
    print(msgspec.json.encode(asyncio.run(send(msgspec.json.decode(sys.argv[1], type=Flow)))).decode())
