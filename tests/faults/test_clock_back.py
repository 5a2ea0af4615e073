"""A wall clock that jumps back by an hour under workers that tick by it, models adopted and a kill behind it."""

import asyncio
import json
import time
from collections.abc import Iterator
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from random import Random

import pytest

from schemas.instants import Instant, format_instant, parse_instant
from schemas.record import LogRecord
from schemas.topics import CHANGES, CONSENTS
from tests import builders
from tests.faults.conftest import Happened, NewInstallation
from tests.faults.on_wall import end_time, put_on_wall
from tests.faults.size import at_size
from tests.faults.wall import Wall
from tests.faults.watching import settled, until
from tests.integration.beside_oracle import Json, assert_equals_oracle
from tests.integration.installation import Installation, as_bytes
from tests.integration.shop import Record, a_shop
from tests.snapshots import random_snapshot

SPEED = 400
"""An hour passes in nine seconds."""
HOUR_SECONDS = 3600
JUMPS = at_size(2, 8)
AGO_SECONDS = 5 * 86_400
"""Where it begins: a broker takes no stamps from its own future."""
RECORDS, A_SECOND = 400, 150
"""Before each jump, and behind it."""
PROGRAM: Json = {"version": 1, "currency": "USD"}


@pytest.mark.timeout(at_size(300, 600))
async def test_a_wall_clock_that_jumps_back_makes_time_wait_and_nothing_else(
    new_installation: NewInstallation, happened: Happened, tmp_path: Path
) -> None:
    wall, random = Wall(tmp_path / "wall"), Random(89)
    wall.put(time.time() - AGO_SECONDS, SPEED)
    shop = new_installation(batch_records=50, program=PROGRAM)
    put_on_wall(shop, wall, tick_delay_seconds=60)
    for _ in range(2):
        shop.start_worker()
    await shop.await_steps(shop.partitions)
    orders, clocks, waited = _orders(wall), _Clocks(shop), []
    watching = asyncio.create_task(clocks.watch())
    for number in range(JUMPS):
        await shop.produce(islice(orders, RECORDS), a_second=A_SECOND)
        jumped_from = wall.now_us()
        wall.jump(-HOUR_SECONDS)
        producing = asyncio.create_task(shop.produce(islice(orders, RECORDS), a_second=A_SECOND))
        await shop.publish_model(random_snapshot(random))
        await asyncio.sleep(random.uniform(0, 1.5))
        shop.workers[number % 2].kill()
        shop.workers[number % 2].start()
        await producing
        assert max(await _told_until(shop)) <= jumped_from, "time ran ahead of the wall"
        assert wall.now_us() < jumped_from, "the hour was over before the orders of the second one were"
        began_at = time.monotonic()
        await until(partial(_is_told_until, shop, jumped_from), "ticks go on once the wall is past again")
        waited.append(round(time.monotonic() - began_at, 1))
    assert not watching.done(), "a partition's clock went back"
    watching.cancel()
    await shop.await_adoption(60)
    ended_at = await end_time(shop, wall)
    outputs = await settled(shop)
    histories = await assert_equals_oracle(shop, PROGRAM, is_ordered=False, end_at=ended_at)
    jumps = [_jumps_in(history.inputs[CONSENTS]) for history in histories]
    ticks = sum(history.wall_ticks() for history in histories)
    happened("jumps_in_the_stamps", jumps)
    happened("seconds_until_ticks_went_on", waited)
    happened("ticks_ahead_of_every_record", ticks)
    happened("looks_at_the_partitions_clocks", clocks.looks)
    assert outputs > 200
    assert min(jumps) == JUMPS, "a partition did not see each jump"
    assert ticks >= shop.partitions * JUMPS
    assert clocks.looks > 20 * JUMPS


class _Clocks:
    """Sees that no partition's clock ever goes back."""

    def __init__(self, shop: Installation) -> None:
        self.looks = 0
        self._shop = shop
        self._seen: dict[int, Instant] = {}

    async def watch(self) -> None:
        while True:
            for meta in await self._shop.metas():
                assert meta.clock_at >= self._seen.get(meta.partition, 0), "a partition's clock went back"
                self._seen[meta.partition] = meta.clock_at
            self.looks += 1
            await asyncio.sleep(0.1)


def _orders(wall: Wall) -> Iterator[Record]:
    """Yield orders stamped by the wall, every third with a tier that somebody gave for some minutes to come."""
    random = Random(89)
    for topic, key, _, value in a_shop(2 * RECORDS * JUMPS, seed=89, customers=300):
        now_us = wall.now_us()
        body = json.loads(value) | {"occurred_at": format_instant(now_us - random.randrange(60_000_000))}
        yield topic, key, now_us // 1000, json.dumps(body).encode()
        if random.random() < 0.3:
            until_at = format_instant(now_us + random.randrange(60_000_000, 5_400_000_000))
            customer_id = f"c-{random.randrange(300)}"
            tier = builders.a_manual_tier("gold", until_at, format_instant(now_us), customer_id=customer_id)
            tier_key, tier_value = as_bytes(tier)
            yield CONSENTS, tier_key, now_us // 1000, tier_value


async def _is_told_until(shop: Installation, at: Instant) -> bool:
    return min(await _told_until(shop)) > at


async def _told_until(shop: Installation) -> list[Instant]:
    """Return the latest moment at which time alone changed something, by what each partition has published."""
    return [_latest_of_time(await shop.read(CHANGES, partition)) for partition in range(shop.partitions)]


def _latest_of_time(changes: list[LogRecord]) -> Instant:
    bodies = [json.loads(record.value or b"") for record in changes]
    return max((parse_instant(body["at"]) for body in bodies if body["trigger"]["kind"] == "time"), default=0)


def _jumps_in(records: list[LogRecord]) -> int:
    """Return how often a stamp is long before the one that stands before it: an hour, less what passed in between."""
    stamps = [record.timestamp_ms for record in records]
    return sum(later < before - HOUR_SECONDS * 500 for before, later in pairwise(stamps))
