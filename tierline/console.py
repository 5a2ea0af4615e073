"""The terminal: data goes to stdout, everything else to stderr; how a command says that it failed."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, TypeAlias

import typer
from rich.console import Console
from rich.table import Table

Json: TypeAlias = str | int | float | bool | Sequence["Json"] | Mapping[str, "Json"] | None
"""What can be printed as JSON."""

JsonFlag = Annotated[bool, typer.Option("--json", help="print JSON for programs")]

PLAIN_WIDTH = 120
"""Columns of tables where the output is no terminal, which has none of its own."""


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    has_width = stream.isatty() or "COLUMNS" in os.environ
    return Console(stderr=stderr, highlight=False, soft_wrap=True, width=None if has_width else PLAIN_WIDTH)


out = _console(stderr=False)
err = _console(stderr=True)


class CommandError(Exception):
    """A command could not do what was asked: the text says what, where and what to do. Exit code 1."""


class UsageError(CommandError):
    """The command line or the configuration is wrong. Exit code 2."""


def print_json(data: Json) -> None:
    """Print one JSON document to stdout."""
    print(json.dumps(data, ensure_ascii=False, indent=2))  # noqa: T201


def print_json_line(data: Json) -> None:
    """Print one JSON document in one line to stdout."""
    print(json.dumps(data, ensure_ascii=False, separators=(",", ":")))  # noqa: T201


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table to stdout."""
    table = Table(*columns, title=title, title_justify="left", show_edge=False)
    for row in rows:
        table.add_row(*row)
    out.print(table)


def note(text: str) -> None:
    """Say something about the progress, on stderr."""
    err.print(text, markup=False)
