"""A plain Faust agent: one order at a time, its customer read from Redis and written back."""

import faust
from redis.asyncio import Redis

from bench.contenders.light import Order, Stopwatch, add, customer_of, decode_order, encode, given_job

job = given_job()
app = faust.App(job.group, broker="kafka://" + job.kafka, value_serializer="raw", datadir=job.folder)
orders_topic = app.topic(job.orders_topic)
changes_topic = app.topic(job.changes_topic)
redis: Redis = Redis.from_url(job.redis_url)
watch = Stopwatch(job)


async def take(orders: "faust.StreamT[bytes]") -> None:
    """Take order by order; Faust acknowledges each when the next is asked for."""
    async for value in orders:
        watch.begin()
        await keep(decode_order(value))
        watch.wrote(1)


async def keep(order: Order) -> None:
    """Read, change and write one customer."""
    key = job.key_prefix + order.customer_id
    customer = customer_of(await redis.get(key))
    change = add(customer, order)
    await redis.set(key, encode(customer))
    if change is not None:
        await changes_topic.send(key=change.customer_id, value=encode(change))


app.agent(orders_topic, name="take")(take)

if __name__ == "__main__":
    app.main()
