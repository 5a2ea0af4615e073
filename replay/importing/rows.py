"""Reading the rows of a foreign file: every row with its line number and its text, readable or not."""

import csv
import gzip
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import TextIO, cast

import msgspec

from replay.importing.refusal import RowError
from schemas.mapping_parts import Source

Cells = Mapping[str, object]
"""What a row holds, by their names: texts in a CSV, whatever JSON knows in a JSON row."""


class SourceFileError(ValueError):
    """The file as a whole cannot be imported: the text says what to correct."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row: the number of its first line, its text, and its cells or why there are none."""

    line: int
    text: str
    cells: Cells | RowError


def read_rows(path: Path, source: Source, columns: Mapping[str, str]) -> Iterator[SourceRow]:
    """Yield the rows in their order; empty lines are none.

    ``columns`` are their columns that a CSV must have, each with the mapping's key that names it. Raises
    ``SourceFileError``, and ``OSError`` if the file cannot be read.
    """
    with _open(path, source.encoding) as lines:
        try:
            if source.format == "jsonl":
                yield from _json_rows(lines)
            else:
                yield from _csv_rows(path, lines, source, columns)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise SourceFileError(f"{path} is no complete .gz file: {error}") from error
        except UnicodeError as error:
            raise SourceFileError(
                f"{path} is not {source.encoding}: {error}. Say in the mapping what it is: source.encoding"
            ) from error


def json_cells(text: str) -> Cells | RowError:
    """Return the fields of a JSON row, numbers exact."""
    try:
        found = _JSON.decode(text)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        return RowError("malformed_json", str(error))
    return found if isinstance(found, dict) else RowError("malformed_json", "the row is not a JSON object")


def _json_rows(lines: TextIO) -> Iterator[SourceRow]:
    for number, line in enumerate(lines, start=1):
        text = line.strip().removeprefix("\ufeff")
        if text:
            yield SourceRow(number, text, _encoding_error(text) or json_cells(text))


def _csv_rows(path: Path, lines: TextIO, source: Source, columns: Mapping[str, str]) -> Iterator[SourceRow]:
    remembered = _Remembered(lines)
    reader = csv.reader(remembered, delimiter=source.delimiter, quotechar=source.quote, strict=True)
    try:
        header = [name.strip() for name in next(reader)]
    except (StopIteration, csv.Error) as error:
        raise SourceFileError(f"{path} has no header line: a CSV begins with the names of its columns") from error
    _check_header(path, header, columns)
    while True:
        line, cells = remembered.forget(), None
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problem = RowError("malformed_csv", f"lines {line} to {remembered.number}: {error}")
            yield SourceRow(line, remembered.text(), problem)
            continue
        if cells:
            text = remembered.text()
            yield SourceRow(line, text, _encoding_error(text) or _by_name(header, cells))


class _Remembered:
    """Lines on their way to the CSV reader, which does not say what a row looked like."""

    def __init__(self, lines: TextIO) -> None:
        self.number = 0
        self._lines = lines
        self._taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        if self.number == 0:
            line = line.removeprefix("\ufeff")
        self.number += 1
        self._taken.append(line)
        return line

    def forget(self) -> int:
        """Begin a row; return the number of its first line."""
        self._taken = []
        return self.number + 1

    def text(self) -> str:
        return "".join(self._taken).rstrip("\r\n")


def _by_name(header: list[str], cells: list[str]) -> Cells | RowError:
    if len(cells) != len(header):
        return RowError("wrong_number_of_columns", f"{len(cells)} columns, the header has {len(header)}")
    return dict(zip(header, cells, strict=True))


def _check_header(path: Path, header: list[str], columns: Mapping[str, str]) -> None:
    wrong = [
        f"{path} has {header.count(column) or 'no'} column{'s' if header.count(column) else ''} {column!r}, which "
        f"{key} of the mapping names; {_instead(column, header)}"
        for column, key in columns.items()
        if header.count(column) != 1
    ]
    if wrong:
        raise SourceFileError("\n".join(wrong))


def _instead(column: str, header: list[str]) -> str:
    close = get_close_matches(column, header, n=1)
    if close and close[0] != column:
        return f"did you mean {close[0]}?"
    return f"it has {', '.join(header)}"


def _encoding_error(text: str) -> RowError | None:
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return RowError("wrong_encoding", f"character {error.start + 1} is not in the mapping's source.encoding")
    return None


def _open(path: Path, encoding: str) -> TextIO:
    # What does not decode becomes lone surrogates: one row's problem, not the file's.
    if path.name.endswith(".gz"):
        return cast(TextIO, gzip.open(path, "rt", encoding=encoding, errors="surrogateescape", newline=""))
    return path.open(encoding=encoding, errors="surrogateescape", newline="")


_JSON = msgspec.json.Decoder(float_hook=Decimal)
