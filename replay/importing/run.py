"""A whole file: its rows to events in the order of their time, every other row to its reason.

The order of rows of different orders does not matter; all rows are held in memory until the file has ended.
"""

from collections.abc import Iterable, Iterator, Sequence

from replay.importing.books import Books, Imported, Refuse
from replay.importing.entries import Entry, EntryReader
from replay.importing.events import NewEvent, consent, events_of_row
from replay.importing.grouping import Orders
from replay.importing.refusal import LeftOut, RowError
from replay.importing.reversals import Purchases, refunds_of
from replay.importing.rows import SourceRow, json_cells
from schemas.mapping import OrderMapping
from schemas.record import LogRecord


def import_rows(mapping: OrderMapping, rows: Iterable[SourceRow], refuse: Refuse) -> Imported:
    """Return the events of the rows; every row that is in none goes to ``refuse``."""
    books = Books(refuse)
    events = list(_of_lines(mapping, rows, books) if mapping.row == "line" else _of_orders(mapping, rows, books))
    events.sort(key=lambda event: event.in_order)
    if mapping.consent == "granted":
        events = list(_with_consents(events))
    return Imported(events, books)


def events_of_message(reader: EntryReader, value: bytes | None) -> list[NewEvent]:
    """Return the events of one JSON message, none if the mapping leaves it out. Raises ``RowError``."""
    try:
        text = (value or b"").decode()
    except UnicodeDecodeError as error:
        raise RowError("malformed_json", f"not UTF-8 (byte {error.start})") from None
    cells = json_cells(text)
    if isinstance(cells, RowError):
        raise cells
    entry = reader.read(0, text, cells)
    return [] if isinstance(entry, LeftOut) else events_of_row(entry)


def log_records(events: Iterable[NewEvent]) -> Iterator[LogRecord]:
    """Yield the events as records of a log that learnt of each when it happened."""
    next_offsets: dict[str, int] = {}
    for event in events:
        offset = next_offsets.get(event.topic, 0)
        next_offsets[event.topic] = offset + 1
        yield LogRecord(event.topic, 0, offset, event.at // 1000, event.customer_id.encode(), event.value)


def _of_orders(mapping: OrderMapping, rows: Iterable[SourceRow], books: Books) -> Iterator[NewEvent]:
    """Rows that stand for themselves."""
    texts: dict[tuple[str, str, str], int] = {}
    identities: dict[tuple[str, str], int] = {}
    for entry in _entries(mapping, rows, books):
        first = texts.setdefault((*entry.key, entry.text), entry.number)
        if first != entry.number and mapping.duplicates == "drop":
            books.repeat(entry, first)
            continue
        try:
            events = events_of_row(entry)
            _refuse_repeated(entry, events, identities)
        except RowError as error:
            books.reject(entry.number, entry.text, error)
            continue
        books.take([entry])
        yield from events


def _refuse_repeated(entry: Entry, events: Sequence[NewEvent], identities: dict[tuple[str, str], int]) -> None:
    """Raise ``RowError`` for an id that another row has: a worker would take it for a redelivery and drop it."""
    own = [(entry.customer_id, event.identity) for event in events if event.identity]
    for identity in own:
        if identity in identities:
            raise RowError("id_repeated", f"line {identities[identity]} has the same {identity[1].split(' ')[0]} id")
    identities.update(dict.fromkeys(own, entry.number))


def _of_lines(mapping: OrderMapping, rows: Iterable[SourceRow], books: Books) -> Iterator[NewEvent]:
    """Rows that are lines of orders, and rows that take such lines back."""
    orders = Orders(mapping, books)
    for entry in _entries(mapping, rows, books, orders):
        orders.add(entry)
    purchases = Purchases()
    for entries, events in orders.purchases():
        purchases.add(entries)
        yield from events
    yield from refunds_of(orders.reversals(), purchases, books)


def _entries(
    mapping: OrderMapping, rows: Iterable[SourceRow], books: Books, orders: Orders | None = None
) -> Iterator[Entry]:
    reader = EntryReader(mapping)
    for row in rows:
        books.rows += 1
        if isinstance(row.cells, RowError):
            books.reject(row.line, row.text, row.cells)
            continue
        try:
            entry = reader.read(row.line, row.text, row.cells)
        except RowError as error:
            books.reject(row.line, row.text, error)
            if orders is not None:
                orders.lacks_a_line(reader.order_of(row.cells), row.line)
            continue
        if isinstance(entry, LeftOut):
            books.leave_out(row.line, row.text, entry)
        else:
            yield entry


def _with_consents(events: Iterable[NewEvent]) -> Iterator[NewEvent]:
    seen: set[str] = set()
    for event in events:
        if event.customer_id not in seen:
            seen.add(event.customer_id)
            yield consent(event.customer_id, event.at)
        yield event
