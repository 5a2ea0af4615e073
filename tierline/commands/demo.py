"""``tierline demo``: a year of real baskets, to watch."""

from typing import Annotated

import typer

from tierline.console import JsonFlag, UsageError, note


def demo(
    speed: Annotated[str, typer.Option(help="seconds that the year takes, or max: as fast as it goes")] = "60",
    exits: Annotated[bool, typer.Option("--exit", help="end after the summary; 1 if anything does not add up")] = False,
    baskets: Annotated[int | None, typer.Option(min=1, help="only the first so many baskets, for a quick look")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Play the 155,848 baskets of the Complete Journey through two workers and sum up what happened.

    Without TIERLINE_KAFKA and TIERLINE_REDIS it starts an embedded Kafka and Valkey of its own. It stays up until
    Ctrl-C, so that the API and the topics can be looked at.

    Example: tierline demo --speed max --exit
    """
    from tierline.demo.run import DemoOptions, run_demo
    from tierline.reaching import settings_of_process

    options = DemoOptions(_duration_seconds(speed), exits, as_json, baskets)
    try:
        adds_up = run_demo(settings_of_process(), options)
    except KeyboardInterrupt:
        note("stopped before the end of the year")
        raise typer.Exit(1) from None
    raise typer.Exit(0 if adds_up else 1)


def _duration_seconds(speed: str) -> float | None:
    if speed == "max":
        return None
    try:
        seconds = float(speed)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 86_400:
        raise UsageError(f"--speed {speed}: give the seconds that the year takes, 1 to 86400, or max.")
    return seconds
