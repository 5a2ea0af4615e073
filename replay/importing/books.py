"""What became of every row: the counts that must add up, and the refusals as they are handed on."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from replay.importing.entries import Entry
from replay.importing.events import NewEvent
from replay.importing.refusal import LeftOut, Refusal, RowError
from schemas.instants import format_instant

Refuse = Callable[[Refusal], None]


@dataclass(slots=True)
class Books:
    """Rows in = rows in events + duplicates + left out + rejected."""

    refuse: Refuse
    rows: int = 0
    in_events: int = 0
    duplicates: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)

    def reject(self, number: int, text: str, error: RowError) -> None:
        """Book a row that nobody can accept."""
        self.rejected[error.reason] += 1
        self.refuse(Refusal(number, "rejected", error.reason, error.detail, text))

    def reject_all(self, entries: Iterable[Entry], error: RowError) -> None:
        """Book the rows of an order as rejected for one reason."""
        for entry in entries:
            self.reject(entry.number, entry.text, error)

    def leave_out(self, number: int, text: str, left_out: LeftOut) -> None:
        """Book a row that the mapping does not want."""
        self.left_out[left_out.reason] += 1
        self.refuse(Refusal(number, "left_out", left_out.reason, left_out.detail, text))

    def repeat(self, entry: Entry, first: int) -> None:
        """Book a row that equals an earlier one of its order."""
        self.duplicates += 1
        self.refuse(Refusal(entry.number, "duplicate", "duplicate", f"equals line {first}", entry.text))

    def take(self, entries: Sequence[Entry]) -> None:
        """Book rows that became part of an event."""
        self.in_events += len(entries)


@dataclass(frozen=True, slots=True)
class Imported:
    """The events of a file in the order of their time, and the books."""

    events: Sequence[NewEvent]
    books: Books

    @property
    def reconciles(self) -> bool:
        """Whether every row is in the books exactly once."""
        books = self.books
        return books.rows == books.in_events + books.duplicates + books.left_out.total() + books.rejected.total()

    def as_json(self) -> Mapping[str, int | str | Mapping[str, int] | None]:
        """Return the counts."""
        books, events = self.books, self.events
        return {
            "rows": books.rows,
            "rows_in_events": books.in_events,
            "duplicates": books.duplicates,
            "left_out": dict(sorted(books.left_out.items())),
            "rejected": dict(sorted(books.rejected.items())),
            "events": dict(sorted(Counter(event.kind for event in events).items())),
            "customers": len({event.customer_id for event in events}),
            "first_at": format_instant(events[0].at) if events else None,
            "last_at": format_instant(events[-1].at) if events else None,
        }
