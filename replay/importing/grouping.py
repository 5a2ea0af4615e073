"""Lines of one order, wherever they stand in the file, put together."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from replay.importing.books import Books
from replay.importing.entries import Entry, OrderKey
from replay.importing.events import NewEvent, events_of_lines
from replay.importing.refusal import RowError
from schemas.mapping import OrderMapping


class Orders:
    """The orders of a file. One that lacks a line is rejected, not imported with a wrong amount."""

    def __init__(self, mapping: OrderMapping, books: Books) -> None:
        self._drops_duplicates = mapping.duplicates == "drop"
        self._books = books
        self._purchases: dict[OrderKey, list[Entry]] = defaultdict(list)
        self._reversals: dict[OrderKey, list[Entry]] = defaultdict(list)
        self._lines_seen: dict[tuple[OrderKey, str], Entry] = {}
        self._lacking: dict[tuple[str | None, str], int] = {}

    def add(self, entry: Entry) -> None:
        """Take one line, or book it as a duplicate of an earlier one."""
        mark = entry.text if entry.line_id is None else f"id {entry.line_id}"
        if entry.line_id is not None or self._drops_duplicates:
            first = self._lines_seen.setdefault((entry.key, mark), entry)
            if first is not entry:
                self._repeated(entry, first)
                return
        kind = self._reversals if entry.emit == ("reversal",) else self._purchases
        kind[entry.key].append(entry)

    def lacks_a_line(self, order: tuple[str | None, str] | None, number: int) -> None:
        """Remember that a line of that order could not be read."""
        if order is not None:
            self._lacking.setdefault(order, number)

    def purchases(self) -> Iterator[tuple[Sequence[Entry], Sequence[NewEvent]]]:
        """Yield each good order's lines and events; the lines of the others are booked as rejected."""
        for (customer_id, order_id), entries in self._purchases.items():
            lacking = self._lacking.get((customer_id, order_id)) or self._lacking.get((None, order_id))
            try:
                if lacking is not None:
                    raise RowError("order_incomplete", f"line {lacking}, of the same order, is rejected")
                events = events_of_lines(entries)
            except RowError as error:
                self._books.reject_all(entries, error)
                continue
            self._books.take(entries)
            yield entries, events

    def reversals(self) -> list[Entry]:
        """Return the lines that take purchases back, by time, then id, then place."""
        lines = [entry for entries in self._reversals.values() for entry in entries]
        return sorted(lines, key=lambda entry: (entry.at, entry.customer_id, entry.order_id))

    def _repeated(self, entry: Entry, first: Entry) -> None:
        if entry.text == first.text:
            self._books.repeat(entry, first.number)
            return
        detail = f"line {first.number} has the same line id and says something else"
        self._books.reject(entry.number, entry.text, RowError("id_repeated", detail))
        self.lacks_a_line(entry.key, entry.number)
