"""``tierline produce``: send a file of events, each one checked first."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tierline.console import CommandError, JsonFlag, err, note, print_json


class Timestamps(StrEnum):
    """Which time stamp the records carry in Kafka."""

    FILE = "file"
    EVENT = "event"
    NOW = "now"


def produce(
    file: Annotated[Path, typer.Argument(help="JSON lines, plain or .gz", exists=True, dir_okay=False)],
    timestamps: Annotated[
        Timestamps, typer.Option(help="file: the line's own, else now; event: when it happened; now: the send time")
    ] = Timestamps.FILE,
    as_json: JsonFlag = False,
) -> None:
    """Check every line of FILE and send the good ones to their topics, keyed by customer.

    A line is a record of a log file, {"topic", "timestamp", "value"}, or a bare event such as
    {"type": "order.placed", ...}. Lines that are wrong are named with their number and reason, and not sent; the exit
    code is then 1.

    Example: tierline produce orders.jsonl --timestamps event
    """
    from tierline.producing import Rejection, checked_lines, send
    from tierline.reaching import explained, settings_of_process

    settings = settings_of_process()
    rejections: list[Rejection] = []
    with explained(settings), err.status("sending"):
        try:
            sent = asyncio.run(send(settings, checked_lines(file, timestamps.value, rejections.append)))
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error}") from error
    for rejection in rejections:
        note(f"{file}, line {rejection.line}: {rejection.reason}: {rejection.detail}")
    if as_json:
        print_json({"sent": sent, "rejected": [rejection._asdict() for rejection in rejections]})
    else:
        note(f"{sent} sent, {len(rejections)} rejected")
    raise typer.Exit(1 if rejections else 0)
