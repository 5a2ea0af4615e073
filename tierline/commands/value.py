"""``tierline value``: how good the expected value in 90 days was."""

from pathlib import Path
from typing import Annotated

import typer

from tierline.console import JsonFlag, print_json


def value(
    at: Annotated[
        str | None, typer.Option(help="the RFC 3339 instant to judge; default: 90 days before the history's end")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="write a page to hand on, in one file", dir_okay=False)] = None,
    as_json: JsonFlag = False,
) -> None:
    """Compare what customers were expected to spend at a moment with what they spent in the 90 days after it.

    By tenth of the customers, highest price first: what was expected, what was spent, and the part of all spend that
    the tenths so far caught (gains). It follows the journal in Kafka; without --at it asks Redis how far history is.

    Example: tierline value --at 2017-09-01T00:00:00Z --html value.html
    """
    from tierline.handed_on import write
    from tierline.prices import value_report
    from tierline.reaching import settings_of_process
    from tierline.value_card import print_report
    from tierline.value_page import page

    report = value_report(settings_of_process(), at)
    if html is not None:
        write(html, page(report))
    if as_json:
        print_json(report)
    elif html is None:
        print_report(report)
