"""``tierline lookalikes``: the customers most like one customer."""

import asyncio
from typing import Annotated, cast

import typer

from tierline.commands.customer import unknown_customer
from tierline.console import Json, JsonFlag, print_json


def lookalikes(
    customer_id: Annotated[str, typer.Argument(metavar="ID", help="the customer_id of the events")],
    count: Annotated[int, typer.Option("--n", "-n", min=1, max=50, help="how many")] = 3,
    as_json: JsonFlag = False,
) -> None:
    """Show the customers most like one, with a score 0-1 (1: the same in all features), and what they share.

    It reads the samples from Kafka and the customers from Redis. Exit code 1 if nobody knows the customer, or before
    the first model. `GET /v1/customers/ID/lookalikes` answers the same at once.

    Example: tierline lookalikes c-42 -n 5
    """
    from tierline.comparing import lookalikes_of
    from tierline.lookalike_card import print_lookalikes
    from tierline.reaching import explained, settings_of_process

    settings = settings_of_process()
    with explained(settings):
        found = asyncio.run(lookalikes_of(settings, customer_id, count))
    if found is None:
        raise unknown_customer(settings, customer_id)
    view = cast("dict[str, Json]", found)
    if as_json:
        print_json(view)
    else:
        print_lookalikes(view)
