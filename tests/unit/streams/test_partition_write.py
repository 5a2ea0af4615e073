"""What becomes of a write whose outcome is not known, or that the store could not take."""

import asyncio
from dataclasses import replace

import pytest

from state.store import StoreRefusedError, StoreUnavailableError
from streams.partition import PartitionEngine
from streams.ports import LostClaimError
from tests.builders import a_record, an_order
from tests.engines import EngineBench, Sizes
from tests.histories import BEGIN_AT, log_records
from tests.scenario import PROGRAM


async def _an_engine() -> tuple[EngineBench, PartitionEngine]:
    bench = EngineBench(PROGRAM, log_records([a_record(an_order("o-1"), BEGIN_AT // 1000)]), Sizes())
    return bench, await bench.work()


def test_a_store_that_refuses_is_not_asked_again_at_once_and_nothing_is_lost() -> None:
    """A full Redis answers every look at its token: without the error's own type this would read as a lost claim."""

    async def run() -> None:
        _, engine = await _an_engine()
        token, tries = engine.token, 0

        async def refused(expected: str, new: str) -> bool:
            nonlocal tries
            tries += 1
            raise StoreRefusedError("full")

        with pytest.raises(StoreRefusedError, match="full"):
            await engine.write(refused)
        assert (engine.token, tries) == (token, 1)

    asyncio.run(run())


@pytest.mark.parametrize("wrote", [True, False])
def test_an_unknown_outcome_is_looked_up(wrote: bool) -> None:
    async def run() -> None:
        bench, engine = await _an_engine()
        before, tries = engine.token, 0

        async def cut_off(expected: str, new: str) -> bool:
            nonlocal tries
            tries += 1
            if wrote or tries == 2:
                bench.store.put(0, replace(bench.shard, token=new))
            raise StoreUnavailableError("the line was cut")

        await engine.write(cut_off)
        assert tries == (1 if wrote else 2)
        assert engine.token == bench.shard.token != before

    asyncio.run(run())


def test_a_store_that_never_says_is_named_with_its_reason() -> None:
    async def run() -> None:
        _, engine = await _an_engine()

        async def cut_off(expected: str, new: str) -> bool:
            raise StoreUnavailableError("the line was cut")

        with pytest.raises(LostClaimError, match="does not say whether it wrote: the line was cut"):
            await engine.write(cut_off)

    asyncio.run(run())
