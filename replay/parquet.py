"""JSON lines to Parquet, with columns taken from the contracts: an empty file has all of them too.

Instants and money stay the text that they are on the wire. The values and thresholds of criteria are text as well: a
column has one type, and spend is money where orders are a number.
"""

import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal, Union, get_args, get_origin

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel

ROWS_A_GROUP = 20_000

Row = Mapping[str, object]


def columns_of(models: Sequence[type[BaseModel]]) -> pa.Schema:
    """Return the columns of rows that are one of ``models``; a column that a row lacks is null there."""
    return pa.schema(_merged([_fields_of(model) for model in models]))


def convert(json_lines: Path, parquet: Path, columns: pa.Schema) -> int:
    """Write the rows of ``json_lines`` as Parquet and return how many."""
    count = 0
    with json_lines.open("rb") as lines, pq.ParquetWriter(parquet, columns) as writer:
        rows = map(msgspec.json.decode, lines)
        while chunk := list(islice(rows, ROWS_A_GROUP)):
            writer.write_table(table_of(chunk, columns))
            count += len(chunk)
    return count


def table_of(rows: Iterable[Row], columns: pa.Schema) -> pa.Table:
    """Return the rows as a table. Raises ValueError for a key that has no column."""
    return pa.Table.from_pylist([_fitted(row, columns) for row in rows], schema=columns)


def _fields_of(model: type[BaseModel]) -> Iterator[pa.Field]:
    for name, field in model.model_fields.items():
        yield pa.field(field.alias or name, _type_of(field.annotation))


def _merged(rows: Iterable[Iterable[pa.Field]]) -> list[pa.Field]:
    """Return the fields of all; what has one name is one field, of a type that holds both."""
    found: dict[str, pa.Field] = {}
    for field in (field for fields in rows for field in fields):
        known = found.get(field.name)
        found[field.name] = field if known is None else pa.field(field.name, _common(known.type, field.type))
    return list(found.values())


def _common(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    if pa.types.is_struct(one) and pa.types.is_struct(other):
        return pa.struct(_merged([list(one), list(other)]))
    if pa.types.is_list(one) and pa.types.is_list(other):
        return pa.list_(_common(one.value_type, other.value_type))
    return one if one == other else pa.string()


def _type_of(annotation: object) -> pa.DataType:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type_of(arguments[0])
    if origin in (Union, types.UnionType):
        found = {_type_of(one) for one in arguments if one is not type(None)}
        return found.pop() if len(found) == 1 else pa.string()
    if origin is Literal:
        return pa.string()
    if origin is list:
        return pa.list_(_type_of(arguments[0]))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return pa.struct(list(_fields_of(annotation)))
    return _SIMPLE[annotation]


_SIMPLE: dict[object, pa.DataType] = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}


def _fitted(row: Row, fields: Iterable[pa.Field]) -> dict[str, object]:
    """Return the row with its values as the columns want them; a key without a column is an error, not a loss."""
    columns = {field.name: field.type for field in fields}
    unknown = row.keys() - columns.keys()
    if unknown:
        raise ValueError(f"no Parquet column for {', '.join(sorted(unknown))}")
    return {name: _value(row.get(name), column) for name, column in columns.items()}


def _value(value: object, column: pa.DataType) -> object:
    if isinstance(value, dict):
        return _fitted(value, column)
    if isinstance(value, list):
        return [_value(one, column.value_type) for one in value]
    if column == pa.string() and isinstance(value, int | float):
        return str(value)
    return value
