"""An installation whose workers read a wall clock of the test's own, and how time ends on it."""

from functools import partial

from schemas.instants import Instant
from state.redis_repository import RedisRepository
from tests.faults.wall import Wall
from tests.faults.watching import until
from tests.integration.installation import Installation


def put_on_wall(shop: Installation, wall: Wall, tick_delay_seconds: float) -> None:
    """Let the workers that start from now on tick by ``wall``."""
    shop.worker_module = "tests.faults.worker_on_wall"
    shop.options |= {"clock": "wall", "wall": str(wall.path), "tick_delay_seconds": tick_delay_seconds}


async def end_time(shop: Installation, wall: Wall) -> Instant:
    """Stop the wall and wait until nothing is due by it; return the instant that time has reached."""
    delay_us = int(float(str(shop.options["tick_delay_seconds"])) * 1_000_000)
    reached_at = wall.stop() - delay_us
    await shop.await_rest(120)
    await until(partial(_nothing_is_due, shop, reached_at), "everything is done that was due by the wall", 120)
    return reached_at


async def _nothing_is_due(shop: Installation, until_at: Instant) -> bool:
    repository = RedisRepository(shop.redis_url, shop.name)
    due = [await repository.due(partition, until_at, 1) for partition in range(shop.partitions)]
    await repository.close()
    return not any(due)
