"""``tierline explain``: why one customer is where they are."""

import asyncio
from typing import Annotated, cast

import typer

from tierline.cards import print_explanation
from tierline.commands.customer import unknown_customer
from tierline.console import Json, JsonFlag, print_json


def explain(
    customer_id: Annotated[str, typer.Argument(metavar="ID", help="the customer_id of the events")],
    as_json: JsonFlag = False,
) -> None:
    """Tell why one customer is where they are: criteria, orders, what was said. Exit code 1 if nobody knows them.

    Example: tierline explain c-42
    """
    from tierline.looking import explain as look_up
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
        print_explanation(view)
