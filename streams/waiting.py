"""Broker calls in time: aiokafka blocks without limit while a broker is down."""

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

from aiokafka.errors import KafkaError
from kafka.errors import KafkaError as AdminKafkaError

from streams.ports import LogUnavailableError

CALL_TIMEOUT_SECONDS: Final = 15.0
Answer = TypeVar("Answer")


async def in_time(call: Awaitable[Answer], doing: str, timeout_seconds: float = CALL_TIMEOUT_SECONDS) -> Answer:
    """Return what ``call`` returns; raises LogUnavailableError where Kafka fails or does not answer in time."""
    try:
        return await asyncio.wait_for(call, timeout_seconds)
    except TimeoutError as error:
        raise LogUnavailableError(f"Kafka did not answer within {timeout_seconds:g} s when {doing}") from error
    except (KafkaError, AdminKafkaError) as error:
        raise LogUnavailableError(f"Kafka failed when {doing}: {error}") from error
