"""FastStream with `batch=True`: a batch's customers in one MGET, their states in one pipeline."""

import asyncio
import logging
from typing import TYPE_CHECKING

from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from redis.asyncio import Redis

from bench.contenders.light import Order, Stopwatch, add_batch, decode_order, encode, given_job

if TYPE_CHECKING:
    from faststream.kafka import KafkaMessage

ORDERS_A_BATCH = 1000

job = given_job()
broker = KafkaBroker(job.kafka, apply_types=False)
app = FastStream(broker)
redis: Redis = Redis.from_url(job.redis_url)
watch = Stopwatch(job)


async def decode(message: "KafkaMessage") -> list[Order]:
    """Return the batch's orders, in place of FastStream's own JSON."""
    return [decode_order(record.value) for record in message.raw_message]


async def take(orders: list[Order]) -> None:
    """Read, change and write the customers of a batch; FastStream commits its offsets afterwards."""
    watch.begin()
    changes = await add_batch(redis, job.key_prefix, orders)
    sent = [
        await broker.publish(encode(change), job.changes_topic, key=change.customer_id.encode(), no_confirm=True)
        for change in changes
    ]
    await asyncio.gather(*sent)
    watch.wrote(len(orders))


broker.subscriber(
    job.orders_topic,
    batch=True,
    max_records=ORDERS_A_BATCH,
    group_id=job.group,
    auto_offset_reset="earliest",
    ack_policy=AckPolicy.ACK,
    decoder=decode,
)(take)

if __name__ == "__main__":
    asyncio.run(app.run(log_level=logging.WARNING))
