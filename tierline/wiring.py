"""How the parts are put together: the store, the partitioner, the lookup of a customer."""

import time
from importlib.metadata import version

from aiokafka.partitioner import murmur2

from schemas.instants import Instant
from state.redis_repository import RedisRepository
from storefront.lookup import Lookup
from tierline.settings import Settings


def wall_now() -> Instant:
    """Return the wall clock."""
    return time.time_ns() // 1000


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition that Kafka's default partitioner gives a key."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)


def repository_of(settings: Settings) -> RedisRepository:
    """Return the store that the settings name; it connects when it is first asked."""
    return RedisRepository(settings.need_redis(), settings.name)


def lookup_of(settings: Settings, repository: RedisRepository) -> Lookup:
    """Return the read side over ``repository``."""
    return Lookup(
        reader=repository,
        partitions=settings.partitions,
        partition_of=lambda key: partition_of(key, settings.partitions),
        wall_now=wall_now,
        clock=settings.clock,
    )


def installed_version() -> str:
    """Return Tierline's own version."""
    return version("tierline")
