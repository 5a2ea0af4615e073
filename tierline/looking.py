"""One look into the store, for a command."""

from schemas.instants import Instant
from state.meta import decode_meta
from storefront.lookup import Found
from tierline.settings import Settings
from tierline.wiring import lookup_of, partition_of, repository_of, wall_now


async def look_up(settings: Settings, customer_id: str) -> Found:
    """Return what is known of the customer now."""
    repository = repository_of(settings)
    try:
        return await lookup_of(settings, repository).customer(customer_id)
    finally:
        await repository.close()


async def explain(settings: Settings, customer_id: str) -> Found:
    """Return why the customer is where they are now."""
    repository = repository_of(settings)
    try:
        return await lookup_of(settings, repository).explanation(customer_id)
    finally:
        await repository.close()


async def now_of(settings: Settings, customer_id: str) -> Instant:
    """Return what now is for this customer: the wall clock, or with TIERLINE_CLOCK=log the partition's clock.

    A record stamped by the wall clock would carry a log of the past, and everybody's tiers with it, to today.
    """
    if settings.clock == "wall":
        return wall_now()
    repository = repository_of(settings)
    try:
        blob = await repository.meta(partition_of(customer_id.encode(), settings.partitions))
    finally:
        await repository.close()
    return wall_now() if blob is None else decode_meta(blob).clock_at
