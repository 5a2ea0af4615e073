"""What `tierline portraits` does, wired: the samples, the program in force, and the orders topic where asked."""

from collections.abc import AsyncIterator, Mapping
from typing import cast

import msgspec

from models.population import Population
from models.portraits import Labels
from replay.habits import EVERYBODY, HabitCounter, count_habits
from schemas.program import Program
from schemas.record import LogRecord
from state.calendar import calendar_of
from state.segments import segment_rules_of
from storefront.portraits import Groups, groups_of, portraits
from streams.topic_reader import read_topics
from tierline.comparing import read_population
from tierline.connections import kafka_options
from tierline.console import Json
from tierline.habit_words import habits_view
from tierline.settings import Settings
from tierline.wiring import lookup_of, repository_of

SCHEMES = ("rfm", "cluster")


async def portraits_of(settings: Settings, *, with_orders: bool) -> dict[str, Json]:
    """Return the body of `/v1/portraits`; with orders each group has `habits` too. Raises as `read_population` does."""
    program = await _program(settings)
    population = await read_population(settings)
    groups = groups_of(population, segment_rules_of(program.segments))
    body = cast("dict[str, Json]", portraits(population, groups, program.currency))
    if with_orders:
        counter = HabitCounter(_groups_by_customer(population, groups), calendar_of(program.time_zone).day_of)
        await count_habits(counter, lambda topic: _records(settings, topic))
        everybody = counter.habits(EVERYBODY)
        for scheme in SCHEMES:
            for group in cast("list[dict[str, Json]]", body[scheme]):
                group["habits"] = habits_view(counter.habits(f"{scheme}:{group['name']}"), everybody)
    return body


async def _program(settings: Settings) -> Program:
    repository = repository_of(settings)
    try:
        return await lookup_of(settings, repository).program()
    finally:
        await repository.close()


def _groups_by_customer(population: Population, groups: Groups) -> dict[str, tuple[str, ...]]:
    pairs = zip(_named("rfm", groups.rfm), _named("cluster", groups.cluster), strict=True)
    return dict(zip(population.sampled.ids, pairs, strict=True))


def _named(scheme: str, labels: Labels) -> list[str]:
    names = [f"{scheme}:{name}" for name in labels.names]
    return [names[place] for place in labels.of_customer.tolist()]


async def _records(settings: Settings, topic: str) -> AsyncIterator[LogRecord]:
    options = cast("Mapping[str, object]", kafka_options(settings))
    async for record in read_topics(options, [settings.topic_prefix + topic], settings.partitions):
        yield msgspec.structs.replace(record, topic=topic)
