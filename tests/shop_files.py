"""A shop's file in memory and its import: what tests of the importers share."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from replay.importing.books import Imported
from replay.importing.columns import columns_of
from replay.importing.refusal import Refusal
from replay.importing.rows import read_rows
from replay.importing.run import import_rows
from schemas.mapping import OrderMapping
from schemas.mapping_file import read_mapping

Json = dict[str, object]
HEADER = "order,customer,at,sku,pieces,price"
LINES = """
row: line
time: {formats: "%d.%m.%Y %H:%M", zone: Europe/Berlin}
money: {currency: EUR}
fields: {order_id: order, customer_id: customer, occurred_at: at, sku: sku, quantity: pieces, unit_price: price}
rules:
  - {when: {field: order, pattern: "^C"}, emit: reversal}
  - {emit: placed}
"""
"""One row a line; an order number with a C takes lines back."""


class Done(NamedTuple):
    """What an import made."""

    imported: Imported
    refusals: list[Refusal]

    @property
    def events(self) -> list[Json]:
        """The events' bodies in order."""
        return [json.loads(event.value) for event in self.imported.events]

    @property
    def reasons(self) -> dict[int, str]:
        """Line to reason, of every row that is in no event."""
        return {refusal.line: refusal.reason for refusal in self.refusals}


def mapping_of(text: str, **changes: str) -> OrderMapping:
    """Return the mapping; ``changes`` are more of its keys, as YAML."""
    return read_mapping(text + "".join(f"{key}: {value}\n" for key, value in changes.items()))


def imported(path: Path, mapping: OrderMapping) -> Done:
    """Import a file; the books are checked."""
    refusals: list[Refusal] = []
    made = import_rows(mapping, read_rows(path, mapping.source, columns_of(mapping)), refusals.append)
    assert made.reconciles
    assert len(refusals) == made.books.rows - made.books.in_events
    return Done(made, refusals)


def imported_lines(folder: Path, rows: Iterable[str], mapping: OrderMapping, header: str = HEADER) -> Done:
    """Import these CSV lines."""
    path = folder / "shop.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return imported(path, mapping)
