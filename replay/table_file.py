"""Rows to one file that an analyst opens: Parquet with nested columns, or CSV with `tier.next.name` for a name.

A list of words is one text in CSV, with commas between them.
"""

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from replay.parquet import Row, table_of

Format: TypeAlias = Literal["parquet", "csv"]


class TableFile:
    """Written beside its place and put there when it is whole; a failure leaves what was there before."""

    def __init__(self, path: Path, table_format: Format, columns: pa.Schema) -> None:
        self.rows = 0
        self._path = path
        self._unfinished = path.with_name(f".unfinished.{path.name}")
        self._columns = columns
        self._is_csv = table_format == "csv"

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._is_csv:
            self._writer = pacsv.CSVWriter(self._unfinished, _flat(self._columns.empty_table()).schema)
        else:
            self._writer = pq.ParquetWriter(self._unfinished, self._columns)
        return self

    def __exit__(self, kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        self._writer.close()
        if kind is None:
            self._unfinished.replace(self._path)
        else:
            self._unfinished.unlink()

    def write(self, rows: Iterable[Row]) -> None:
        """Append rows. Raises ValueError for a key that has no column."""
        table = table_of(rows, self._columns)
        self._writer.write_table(_flat(table) if self._is_csv else table)
        self.rows += table.num_rows


def _flat(table: pa.Table) -> pa.Table:
    while any(pa.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    for at, field in enumerate(table.schema):
        if pa.types.is_list(field.type):
            table = table.set_column(at, field.name, pc.binary_join(table.column(at), ", "))
    return table
