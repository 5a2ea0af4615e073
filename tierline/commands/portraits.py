"""``tierline portraits``: every segment in plain words."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from tierline.console import JsonFlag, print_json


def portraits(
    as_json: JsonFlag = False,
    html: Annotated[Path | None, typer.Option(help="write a page to hand on, in one file", dir_okay=False)] = None,
    orders: Annotated[
        bool, typer.Option("--orders", help="also read all orders: categories, regions, weekdays, channels")
    ] = False,
) -> None:
    """Describe every rule segment and cluster: share of customers and revenue, what is typical, which campaign fits.

    It reads the samples from Kafka and the program from Redis; with --orders the whole orders topic too, twice.
    Exit code 1 before the first model.

    Example: tierline portraits --orders --html portraits.html
    """
    from tierline.handed_on import write
    from tierline.portrait_card import print_portraits
    from tierline.portrait_page import page
    from tierline.portraying import portraits_of
    from tierline.reaching import explained, settings_of_process

    settings = settings_of_process()
    with explained(settings):
        view = asyncio.run(portraits_of(settings, with_orders=orders))
    if html is not None:
        write(html, page(view))
    if as_json:
        print_json(view)
    elif html is None:
        print_portraits(view)
