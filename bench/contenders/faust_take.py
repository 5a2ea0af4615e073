"""A Faust agent over `take(1000)`: a batch's customers in one MGET, their states in one pipeline."""

from collections.abc import Sequence

import faust
from redis.asyncio import Redis

from bench.contenders.light import Stopwatch, add_batch, decode_order, encode, given_job

ORDERS_A_BATCH = 1000
WITHIN_SECONDS = 0.5

job = given_job()
app = faust.App(job.group, broker="kafka://" + job.kafka, value_serializer="raw", datadir=job.folder)
orders_topic = app.topic(job.orders_topic)
changes_topic = app.topic(job.changes_topic)
redis: Redis = Redis.from_url(job.redis_url)
watch = Stopwatch(job)


async def take(orders: "faust.StreamT[bytes]") -> None:
    """Take batch by batch; Faust acknowledges a batch when the next is asked for."""
    async for values in orders.take(ORDERS_A_BATCH, within=WITHIN_SECONDS):
        watch.begin()
        await keep(values)
        watch.wrote(len(values))


async def keep(values: Sequence[bytes]) -> None:
    """Read, change and write the customers of a batch."""
    for change in await add_batch(redis, job.key_prefix, [decode_order(value) for value in values]):
        await changes_topic.send(key=change.customer_id, value=encode(change))


app.agent(orders_topic, name="take")(take)

if __name__ == "__main__":
    app.main()
