"""One look into the store, for a command."""

from storefront.lookup import Found
from tierline.settings import Settings
from tierline.wiring import lookup_of, repository_of


async def look_up(settings: Settings, customer_id: str) -> Found:
    """Return what is known of the customer now."""
    repository = repository_of(settings)
    try:
        return await lookup_of(settings, repository).customer(customer_id)
    finally:
        await repository.close()
