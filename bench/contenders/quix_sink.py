"""Quix Streams with its Redis sink: customers live in its own store (RocksDB and a changelog), Redis is a view."""

from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from quixstreams import Application
from quixstreams.sinks.community.redis import RedisSink

from bench.contenders.light import Customer, Stopwatch, TierChange, add, customer_of, decode_order, encode, given_job

if TYPE_CHECKING:
    from quixstreams import State

job = given_job()
watch = Stopwatch(job)


def keep(value: bytes, state: "State") -> tuple[Customer, TierChange | None]:
    """Read, change and write one customer in Quix's store."""
    watch.begin()
    customer = customer_of(state.get_bytes("customer"))
    change = add(customer, decode_order(value))
    state.set_bytes("customer", encode(customer))
    return customer, change


def main() -> None:
    """Run until every order is taken and the last checkpoint has been written to Redis."""
    address = urlsplit(job.redis_url)
    taken = count(1)

    def note_taken(_topic: str, _partition: int, _offset: int) -> None:
        if next(taken) == job.orders:
            app.stop()

    app = Application(
        broker_address=job.kafka,
        consumer_group=job.group,
        auto_offset_reset="earliest",
        state_dir=job.folder,
        on_message_processed=note_taken,
    )
    orders = app.topic(job.orders_topic, value_deserializer="bytes")
    changes = app.topic(job.changes_topic, value_serializer="bytes")
    sink = RedisSink(
        host=str(address.hostname),
        port=address.port or 6379,
        db=0,
        key_serializer=lambda key, _customer: job.key_prefix + key.decode(),
        value_serializer=encode,
    )
    kept = app.dataframe(orders).apply(keep, stateful=True)
    kept.filter(lambda pair: pair[1] is not None).apply(lambda pair: encode(pair[1])).to_topic(changes)
    kept.apply(lambda pair: pair[0]).sink(sink)
    app.run()
    watch.wrote(job.orders)


if __name__ == "__main__":
    main()
