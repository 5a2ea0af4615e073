"""``tierline doctor``: look at everything a worker needs."""

import asyncio
from typing import Annotated

import typer

from tierline.console import JsonFlag, out, print_json, print_table

MARKS = {"ok": "[green]ok[/]     ", "warning": "[yellow]warning[/]", "failure": "[red]FAILURE[/]"}


def doctor(
    list_settings: Annotated[bool, typer.Option("--settings", help="list every TIERLINE_ variable instead")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Check settings, program file, Kafka, topics and Redis, and say what to do. Exit code 1 if anything fails.

    Example: TIERLINE_KAFKA=localhost:9092 TIERLINE_REDIS=redis://localhost tierline doctor
    """
    from tierline.doctor.checks import examine
    from tierline.reaching import settings_of_process

    settings = settings_of_process()
    if list_settings:
        _show_settings(as_json)
        return
    findings = asyncio.run(examine(settings))
    if as_json:
        print_json([{"part": f.part, "level": f.level, "text": f.text, "advice": f.advice} for f in findings])
    for finding in () if as_json else findings:
        out.print(MARKS[finding.level], end=" ")
        out.print(f"{finding.part}: {finding.text}", markup=False)
        if finding.advice:
            out.print(f"        -> {finding.advice}", markup=False)
    raise typer.Exit(1 if any(finding.level == "failure" for finding in findings) else 0)


def _show_settings(as_json: bool) -> None:
    from tierline.reaching import settings_of_process
    from tierline.settings import Settings, default_of, shown, variable

    settings = settings_of_process()
    rows = [
        (variable(field), shown(settings, field), default_of(field), described.description or "")
        for field, described in Settings.model_fields.items()
    ]
    if as_json:
        print_json([dict(zip(("variable", "value", "default", "description"), row, strict=True)) for row in rows])
    else:
        print_table("Settings", ("variable", "value", "default", "what it is"), rows)
