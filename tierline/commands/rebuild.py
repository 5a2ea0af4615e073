"""``tierline rebuild``: make lost or distrusted states again."""

from typing import Annotated

import typer

from tierline.console import JsonFlag, UsageError, note, print_json


def rebuild(
    partitions: Annotated[list[int] | None, typer.Option("--partition", min=0, help="one of them; repeatable")] = None,
    everything: Annotated[bool, typer.Option("--all", help="every partition")] = False,
    force: Annotated[bool, typer.Option("--force", help="also while workers are alive")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Forget the states of some partitions and make them again from the input topics, along the journal.

    Nothing is published again: what the journal holds was sent before. Stop the workers first: beside a live one it
    refuses to begin. The inputs must reach back to the first start.

    Example: tierline rebuild --partition 3
    """
    from tierline.reaching import explained, settings_of_process

    if bool(partitions) == everything:
        raise UsageError("Say which partitions: --partition P (repeatable), or --all.")
    settings = settings_of_process()
    wrong = [partition for partition in partitions or () if partition >= settings.partitions]
    if wrong:
        raise UsageError(f"There is no partition {wrong[0]}: TIERLINE_PARTITIONS is {settings.partitions}.")

    from streams.rebuild import rebuild as rebuild_partitions
    from tierline.logs import configure_logs
    from tierline.wiring import worker_config

    config = worker_config(settings, None)
    configure_logs(settings)
    with explained(settings):
        rebuilt = rebuild_partitions(config, partitions or None, beside_workers=force)
    if as_json:
        print_json([{"partition": one.partition, "step": one.step, "customers": one.customers} for one in rebuilt])
    for one in () if as_json else rebuilt:
        note(f"partition {one.partition}: {one.customers:,} customers, up to step {one.step:,}")
