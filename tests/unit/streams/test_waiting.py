"""Cancelling tasks: whoever waits for their end sees it, however often it is cancelled itself."""

import asyncio

import pytest

from streams.waiting import cancel_all


async def test_a_task_that_swallows_cancellations_has_ended_even_if_its_canceller_is_cancelled_twice() -> None:
    swallowed = 0

    async def stubborn() -> None:
        nonlocal swallowed
        while swallowed < 2:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                swallowed += 1

    async def owner() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await cancel_all([inner])

    inner, outer = asyncio.create_task(stubborn()), asyncio.create_task(owner())
    await asyncio.sleep(0)
    await cancel_all([outer])
    assert inner.done()
    assert swallowed == 2


async def test_whoever_is_cancelled_while_it_waits_is_cancelled_in_the_end() -> None:
    async def slow() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)

    inner = asyncio.create_task(slow())
    await asyncio.sleep(0)
    outer = asyncio.create_task(cancel_all([inner]))
    await asyncio.sleep(0.01)
    outer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await outer
    assert inner.done()
