"""``tierline erase``: ask for a person to be forgotten."""

import asyncio
from typing import Annotated

import typer

from tierline.console import JsonFlag, note, print_json


def erase(
    customer_id: Annotated[str, typer.Argument(metavar="ID", help="the customer_id of the events")],
    as_json: JsonFlag = False,
) -> None:
    """Send customer.erased for ID: the worker then deletes all that is stored of the customer, in one commit.

    Events up to now stay forgotten, also in a rebuild or a replay; later ones start a new customer. What stands on the
    topics themselves ends with their retention.

    Example: tierline erase c-42
    """
    from schemas.decoding import RejectedError
    from tierline.console import UsageError
    from tierline.looking import now_of
    from tierline.producing import erasure, send
    from tierline.reaching import explained, settings_of_process

    settings = settings_of_process()
    settings.need_kafka()
    try:
        with explained(settings):
            record = erasure(customer_id, asyncio.run(now_of(settings, customer_id)))
            asyncio.run(send(settings, [record]))
    except RejectedError as error:
        raise UsageError(f"{customer_id!r} is no customer id: {error.detail}") from error
    if as_json:
        print_json({"customer_id": customer_id, "sent": True})
    else:
        note("sent; the customer is gone once the worker has taken the record")
