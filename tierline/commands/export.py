"""``tierline export``: the live states as one table."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from tierline.console import JsonFlag, UsageError, note, print_json

FORMATS = ("parquet", "csv")


def export(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="where to write, e.g. customers.parquet", dir_okay=False)],
    table_format: Annotated[
        str | None, typer.Option("--format", help="parquet or csv; default: what FILE ends with")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Write every customer's read model to FILE, one row each, as of when it was read.

    Workers may go on meanwhile. CSV has flat columns (tier.next.name), Parquet nested ones; money and instants are
    text, as everywhere.

    Example: tierline export customers.parquet
    """
    from tierline.exporting import export as export_all
    from tierline.reaching import explained, settings_of_process

    chosen = table_format or out.suffix.removeprefix(".")
    if chosen not in FORMATS:
        raise UsageError(f"{chosen!r} is no format to export to: give --format parquet or --format csv.")
    settings = settings_of_process()
    with explained(settings):
        rows = asyncio.run(export_all(settings, out, "csv" if chosen == "csv" else "parquet"))
    if as_json:
        print_json({"file": str(out), "format": chosen, "customers": rows})
    else:
        note(f"{rows:,} customers in {out}")
