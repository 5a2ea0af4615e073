"""Every customer's read model out of the store, while the workers go on."""

from collections.abc import AsyncIterator
from pathlib import Path

from replay.parquet import columns_of
from replay.table_file import Format, TableFile
from schemas.read_model import CustomerView
from state.bodies import Body
from state.customer import Standing, decode_state
from state.meta import decode_meta
from state.redis_repository import RedisRepository
from state.store import Wanted, scan
from storefront.lookup import view_of
from tierline.settings import Settings
from tierline.wiring import repository_of, wall_now

CUSTOMERS_A_READ = 500


class ExportedCustomer(CustomerView):
    """The read model with its traits as columns of their own; null before the first model."""

    budget_buyer: bool | None
    power_user: bool | None


async def export(settings: Settings, path: Path, table_format: Format) -> int:
    """Write the customers of all partitions to ``path``; return how many. Each view is as of when it was read."""
    repository = repository_of(settings)
    try:
        with TableFile(path, table_format, columns_of([ExportedCustomer])) as file:
            for partition in range(settings.partitions):
                async for views in _views(settings, repository, partition):
                    file.write(views)
        return file.rows
    finally:
        await repository.close()


async def _views(settings: Settings, repository: RedisRepository, partition: int) -> AsyncIterator[list[Body]]:
    seen: set[str] = set()
    async for ids in scan(repository, partition, CUSTOMERS_A_READ):
        fresh = [customer_id for customer_id in dict.fromkeys(ids) if customer_id not in seen]
        seen.update(fresh)
        loaded = await repository.load(partition, Wanted(fresh))
        # The meta is read after the states, so that it knows every program that they may stand under.
        meta = decode_meta(await repository.meta(partition) or b"{}")
        as_of = meta.clock_at if settings.clock == "log" else wall_now()
        states = [decode_state(blob) for blob in loaded.states.values() if blob is not None]
        yield [
            with_traits(await view_of(repository, state, meta.programs(), as_of, partition), state.standing)
            for state in states
        ]


def with_traits(view: Body, standing: Standing | None) -> Body:
    """Return the row of a customer."""
    budget, power = (None, None) if standing is None else (standing.budget_buyer, standing.power_user)
    return {**view, "budget_buyer": budget, "power_user": power}
