"""What the inputs say of a partition that a rebalance has just taken away, before its runner knows."""

from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.program import Program
from schemas.topics import INPUTS, ORDERS
from streams.kafka_inputs import KafkaInputs
from streams.worker_config import WorkerConfig


@pytest.fixture
async def inputs() -> AsyncIterator[KafkaInputs]:
    """Inputs of partition 0, of servers that nobody asks."""
    kafka = {"bootstrap_servers": "127.0.0.1:1"}
    config = WorkerConfig(kafka=kafka, redis_url="redis://127.0.0.1:1/0", program=Program(), wall_now=lambda: 0)
    consumer = AIOKafkaConsumer(**kafka, enable_auto_commit=False)
    consumer.assign([TopicPartition(topic, 0) for topic in INPUTS])
    yield KafkaInputs(config, consumer)
    await consumer.stop()


@pytest.mark.parametrize("partition", [0, 1])
async def test_nothing_is_known_of_what_was_not_fetched_or_is_not_ours(inputs: KafkaInputs, partition: int) -> None:
    assert inputs.lag(partition) == 0
    assert inputs.fetched_at(partition) is None
    assert inputs.caught_up_at(partition, ORDERS) is None
