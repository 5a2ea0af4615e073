"""How the parts are put together: the store, the partitioner, the lookup of a customer."""

import time
from collections.abc import Mapping
from typing import Literal, cast

from aiokafka.partitioner import murmur2

from models.settings import LearningSettings
from schemas.instants import Instant
from schemas.money import minor_digits
from schemas.program import Program
from state.redis_repository import RedisRepository
from storefront.lookup import Lookup
from streams.population_follower import PopulationFollower
from streams.trainer_config import TrainerConfig
from streams.worker_config import WorkerConfig
from tierline import __version__
from tierline.connections import kafka_options
from tierline.reaching import program_of
from tierline.settings import Settings

StartFrom = Instant | Literal["earliest"] | None
"""Where a first start begins on topics that do not begin at offset 0."""


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


def follower_of(settings: Settings) -> PopulationFollower | None:
    """Return what follows the samples, not started yet; None where the settings name no Kafka."""
    if settings.kafka is None:
        return None
    return PopulationFollower(cast("Mapping[str, object]", kafka_options(settings)), settings.topic_prefix)


def worker_config(settings: Settings, start_from: StartFrom) -> WorkerConfig:
    """Return all that a worker is told; raises ``SettingsError`` or ``UsageError`` where something is missing."""
    return WorkerConfig(
        kafka=cast("Mapping[str, object]", kafka_options(settings)),
        redis_url=settings.need_redis(),
        name=settings.name,
        topic_prefix=settings.topic_prefix,
        partitions=settings.partitions,
        clock=settings.clock,
        tick_delay_seconds=settings.tick_delay,
        program=program_of(settings),
        wall_now=wall_now,
        start_from=start_from,
        batch_records=settings.batch_records,
        cache_customers=settings.cache_customers,
        session_timeout_seconds=settings.session_timeout_seconds,
        dead_letter_limit=settings.dead_letter_limit,
        metrics_port=settings.metrics_port,
    )


def trainer_config(settings: Settings) -> TrainerConfig:
    """Return all that the trainer is told; raises ``SettingsError`` or ``UsageError`` where something is missing."""
    return TrainerConfig(
        kafka=cast("Mapping[str, object]", kafka_options(settings)),
        learning=_learning(settings, program_of(settings)),
        name=settings.name,
        topic_prefix=settings.topic_prefix,
        session_timeout_seconds=settings.session_timeout_seconds,
    )


def _learning(settings: Settings, program: Program) -> LearningSettings:
    traits = program.segments.traits
    return LearningSettings(
        k=program.segments.k,
        budget_frequency_top=float(traits.budget_buyer.frequency_top),
        budget_aov_bottom=float(traits.budget_buyer.aov_bottom),
        power_monetary_top=float(traits.power_user.monetary_top),
        power_aov_top=float(traits.power_user.aov_top),
        minor_per_major=10 ** minor_digits(program.currency),
        publish_every_days=settings.model_days,
    )


def installed_version() -> str:
    """Return Tierline's own version."""
    return __version__
