"""What `tierline import` does with a file, wired: a log file or Kafka takes the events, a report every other row."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from replay.importing.books import Imported
from replay.importing.columns import columns_of
from replay.importing.events import NewEvent
from replay.importing.refusal import Refusal
from replay.importing.rows import SourceFileError, read_rows
from replay.importing.run import import_rows, log_records
from replay.log_file import write_log
from schemas.mapping import OrderMapping
from schemas.mapping_file import MappingFileError, load_mapping
from tierline.console import CommandError, Json, UsageError, err
from tierline.producing import Outgoing, send
from tierline.reaching import explained, settings_of_process


@dataclass(frozen=True)
class Report:
    """What was imported, and the rows that are in no event, by line."""

    imported: Imported
    refusals: Sequence[Refusal]

    def as_json(self) -> dict[str, Json]:
        """Return the counts."""
        return dict(self.imported.as_json())


def mapping_of(path: Path) -> OrderMapping:
    """Return the mapping in the file; ``UsageError`` says what is wrong with it."""
    try:
        return load_mapping(path)
    except MappingFileError as error:
        raise UsageError(str(error)) from error


def read_source(source: Path, mapping: OrderMapping) -> Report:
    """Read the whole file; ``UsageError`` if it is not what the mapping describes."""
    refusals: list[Refusal] = []
    try:
        with err.status("reading"):
            rows = read_rows(source, mapping.source, columns_of(mapping))
            imported = import_rows(mapping, rows, refusals.append)
    except SourceFileError as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        raise CommandError(f"{source} cannot be read: {error.strerror or error}") from error
    if not imported.reconciles:
        raise CommandError(f"the rows do not add up: {imported.as_json()}; this is a mistake in Tierline")
    return Report(imported, sorted(refusals, key=lambda refusal: refusal.line))


def write_events(path: Path, events: Iterable[NewEvent]) -> int:
    """Write a log file and return how many records it has; ``CommandError`` if it cannot be written."""
    try:
        return write_log(path, log_records(events))
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror or error}") from error


def produce_events(events: Iterable[NewEvent]) -> int:
    """Send the events to Kafka, each with the time stamp of when it happened, and return how many."""
    settings = settings_of_process()
    with explained(settings), err.status("sending"):
        return asyncio.run(send(settings, _outgoing(events)))


def write_refusals(path: Path, refusals: Iterable[Refusal]) -> None:
    """Write every row that is in no event as a JSON line; ``CommandError`` if the file cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as lines:
            lines.writelines(msgspec.json.encode(_printable(refusal)) + b"\n" for refusal in refusals)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror or error}") from error


def _outgoing(events: Iterable[NewEvent]) -> Iterator[Outgoing]:
    for record in log_records(events):
        yield Outgoing(record.topic, record.key, record.value, record.timestamp_ms)


def _printable(refusal: Refusal) -> dict[str, str | int]:
    """Return it for JSON; bytes that are not in the file's encoding are shown as such."""
    texts = {name: _text(value) for name, value in refusal._asdict().items() if isinstance(value, str)}
    return {"line": refusal.line, **texts}


def _text(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
