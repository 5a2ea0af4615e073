"""One look at everybody sampled, for a command."""

from collections.abc import Mapping
from typing import cast

from models.population import Population
from state.bodies import Body
from storefront.lookalikes import lookalikes
from streams.population_reader import population_reader
from tierline.connections import kafka_options
from tierline.console import CommandError
from tierline.settings import Settings
from tierline.wiring import lookup_of, repository_of


class _Once:
    """A population that was read once; implements `storefront.ports.Populations`."""

    missing = ""

    def __init__(self, population: Population) -> None:
        self.population = population

    def forget(self, customer_id: str) -> None:
        """Nothing is built after this one."""


async def read_population(settings: Settings) -> Population:
    """Return everybody sampled as of now. Raises CommandError before the first model, LogUnavailableError."""
    options = cast("Mapping[str, object]", kafka_options(settings))
    async with population_reader(options, settings.topic_prefix) as reader:
        population = reader.population()
        if population is None:
            raise CommandError(reader.missing())
        return population


async def lookalikes_of(settings: Settings, customer_id: str, count: int) -> Body | None:
    """Return the customers most like this one; None if nobody knows the customer. Raises as `read_population` does."""
    repository = repository_of(settings)
    try:
        lookup = lookup_of(settings, repository)
        (asked,) = await lookup.members([customer_id])
        if asked is None:
            return None
        population = await read_population(settings)
        return await lookalikes(lookup, _Once(population), population, customer_id, asked, count)
    finally:
        await repository.close()
