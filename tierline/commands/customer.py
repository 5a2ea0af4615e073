"""``tierline customer``: one customer as the storefront sees it."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, cast

import typer

from tierline.console import CommandError, Json, JsonFlag, print_json, print_table


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
        raise CommandError(
            f"No event of customer {customer_id} has arrived yet in installation {settings.name!r} "
            f"with {settings.partitions} partitions (TIERLINE_NAME, TIERLINE_PARTITIONS)."
        )
    view = cast("dict[str, Json]", found.view)
    if as_json:
        print_json(view)
    else:
        print_table(f"Customer {customer_id}", ("what", "value"), list(_rows(view)))


def _rows(view: Mapping[str, Json], prefix: str = "") -> list[tuple[str, str]]:
    """Flatten the read model into ``a.b`` and its value; what is null says nothing and is left out."""
    rows: list[tuple[str, str]] = []
    for name, value in view.items():
        if isinstance(value, Mapping):
            rows += _rows(value, f"{prefix}{name}.")
        elif value is not None:
            rows.append((prefix + name, f"{value:.3f}" if isinstance(value, float) else str(value)))
    return rows
