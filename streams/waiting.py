"""Broker calls in time: aiokafka blocks without limit while a broker is down."""

import asyncio
from collections.abc import Awaitable, Collection
from typing import Final, TypeVar

from aiokafka.errors import KafkaError
from kafka.errors import KafkaError as AdminKafkaError

from streams.ports import LogUnavailableError

CALL_TIMEOUT_SECONDS: Final = 15.0
Answer = TypeVar("Answer")


async def at_most(seconds: float, call: Awaitable[Answer]) -> Answer:
    """Return what ``call`` returns; TimeoutError after so many seconds.

    `asyncio.wait_for` would do, but in Python 3.11 it swallows a cancellation that comes when the call has just ended.
    """
    async with asyncio.timeout(seconds):
        return await call


async def cancel_all(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel the tasks and return when all have ended; what they raised is not looked at.

    Asked again every second: a library may swallow a cancellation (redis-py uses `asyncio.wait_for`). Whoever is
    cancelled while waiting here waits on, and is cancelled then: a task that nobody waits for would go on unseen.
    """
    pending, cancelled = set(tasks), False
    while pending:
        for task in pending:
            task.cancel()
        try:
            _, pending = await asyncio.wait(pending, timeout=1.0)
        except asyncio.CancelledError:
            pending, cancelled = {task for task in pending if not task.done()}, True
    await asyncio.gather(*tasks, return_exceptions=True)
    if cancelled:
        raise asyncio.CancelledError


async def in_time(call: Awaitable[Answer], doing: str, timeout_seconds: float = CALL_TIMEOUT_SECONDS) -> Answer:
    """Return what ``call`` returns; raises LogUnavailableError where Kafka fails or does not answer in time."""
    try:
        return await at_most(timeout_seconds, call)
    except TimeoutError as error:
        raise LogUnavailableError(f"Kafka did not answer within {timeout_seconds:g} s when {doing}") from error
    except (KafkaError, AdminKafkaError) as error:
        raise LogUnavailableError(f"Kafka failed when {doing}: {error}") from error
