"""``tierline worker``: takes events, keeps states, publishes what follows."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from tierline.console import UsageError

if TYPE_CHECKING:
    from tierline.wiring import StartFrom


def worker(
    start_from: Annotated[
        str | None,
        typer.Option("--from", help="first start only, where a topic does not begin at 0: earliest, or an instant"),
    ] = None,
) -> None:
    """Take the events of the partitions that Kafka gives this process, until SIGINT or SIGTERM.

    Run up to as many as there are partitions; they share them. When one dies, another goes on where it was.

    Example: TIERLINE_KAFKA=localhost:9092 TIERLINE_REDIS=redis://localhost TIERLINE_PROGRAM=shop.yaml tierline worker
    """
    from streams.worker import run_worker
    from tierline.logs import configure_logs, log_settings
    from tierline.reaching import explained, settings_of_process
    from tierline.tracing import tracing_of
    from tierline.wiring import worker_config

    settings = settings_of_process()
    config = replace(worker_config(settings, _start(start_from)), new_tracing=tracing_of(settings))
    configure_logs(settings)
    log_settings(settings)
    with explained(settings):
        raise typer.Exit(run_worker(config))


def _start(text: str | None) -> "StartFrom":
    from schemas.instants import parse_instant

    if text is None:
        return None
    if text == "earliest":
        return "earliest"
    try:
        return parse_instant(text)
    except ValueError as error:
        raise UsageError(f"--from {text}: give earliest, or an instant such as 2017-01-01T00:00:00Z.") from error
