"""Reads a mapping file. Errors name file, key and value, and say what would be right."""

from pathlib import Path

from schemas.mapping import OrderMapping
from schemas.yaml_file import YamlFile, YamlFileError


class MappingFileError(YamlFileError):
    """The mapping file is not a mapping. The text has one line per mistake.

    Operator action: correct the lines it names, then start again.
    """


def load_mapping(path: Path) -> OrderMapping:
    """Return the mapping in the file. Raises MappingFileError."""
    return _FILE.load(path)


def read_mapping(text: str, name: str = "mapping.yaml") -> OrderMapping:
    """Return the mapping that ``text`` says; ``name`` is what errors call the file. Raises MappingFileError."""
    return _FILE.read(text, name)


_EXAMPLES = {
    "version": "1", "currency": "GBP", "zone": "Europe/London", "delimiter": '";"', "decimal": '","',
    "thousands": '"."', "encoding": "utf-8", "formats": '["%Y-%m-%d %H:%M:%S"]', "emit": "[placed]",
    "order_id": "InvoiceNo", "customer_id": "CustomerID", "occurred_at": "InvoiceDate", "sku": "StockCode",
    "fields": "{order_id: InvoiceNo, customer_id: CustomerID, occurred_at: InvoiceDate, amount: Total}",
    "values": "[Complete]", "pattern": "^C", "rules": "[{when: {field: status, values: [Complete]}, emit: [placed]}]",
    "path": "items",
}  # fmt: skip
_FILE = YamlFile(OrderMapping, MappingFileError, _EXAMPLES)
