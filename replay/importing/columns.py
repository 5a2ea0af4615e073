"""Which of their columns a mapping names, and where: a CSV without one of them is not the file that was meant."""

from collections.abc import Iterator

from schemas.mapping import Fields, OrderMapping
from schemas.mapping_parts import ValueFrom


def columns_of(mapping: OrderMapping) -> dict[str, str]:
    """Return their columns in the mapping's order, each with the first key that names it."""
    columns: dict[str, str] = {}
    for key, column in _named(mapping):
        columns.setdefault(column, key)
    return columns


def _named(mapping: OrderMapping) -> Iterator[tuple[str, str]]:
    yield from _in_fields("fields", mapping.fields)
    for number, rule in enumerate(mapping.rules):
        where = f"rules[{number}]"
        if rule.when is not None:
            yield f"{where}.when.field", rule.when.field
        if rule.at is not None and rule.at.field is not None:
            yield f"{where}.at", rule.at.field
        if rule.fields is not None:
            yield from _in_fields(f"{where}.fields", rule.fields)


def _in_fields(where: str, fields: Fields) -> Iterator[tuple[str, str]]:
    for name in Fields.model_fields:
        source = getattr(fields, name)
        if isinstance(source, ValueFrom) and source.field is not None:
            yield f"{where}.{name}", source.field
