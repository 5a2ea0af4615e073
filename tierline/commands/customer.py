"""``tierline customer``: one customer as the storefront sees it."""

import asyncio
from typing import TYPE_CHECKING, Annotated, cast

import typer

from tierline.cards import print_customer
from tierline.console import CommandError, Json, JsonFlag, print_json

if TYPE_CHECKING:
    from tierline.settings import Settings


def customer(
    customer_id: Annotated[str, typer.Argument(metavar="ID", help="the customer_id of the events")],
    as_json: JsonFlag = False,
) -> None:
    """Show one customer's tier, progress and features, as of now. Exit code 1 if nobody knows the customer.

    Example: tierline customer c-42 --json
    """
    from tierline.looking import look_up
    from tierline.reaching import explained, settings_of_process

    settings = settings_of_process()
    with explained(settings):
        found = asyncio.run(look_up(settings, customer_id))
    if found.view is None:
        raise unknown_customer(settings, customer_id)
    view = cast("dict[str, Json]", found.view)
    if as_json:
        print_json(view)
    else:
        print_customer(view)


def unknown_customer(settings: "Settings", customer_id: str) -> CommandError:
    """Return what to say where nobody knows the customer."""
    return CommandError(
        f"No event of customer {customer_id} has arrived yet in installation {settings.name!r} "
        f"with {settings.partitions} partitions (TIERLINE_NAME, TIERLINE_PARTITIONS)."
    )
