"""The customers at hand: an LRU cache of decoded states, and the ledger fields of the batch."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from schemas.instants import Instant
from state.customer import CustomerState, decode_state
from state.ledger import Ledger, LedgerEntry, decode_entry
from state.store import Loaded, Wanted

CACHED_CUSTOMERS_MAX: Final = 50_000
"""Some 2 KB each."""


class CustomersAtHand:
    """What the fold of one claim sees of the store; emptied with the claim.

    States stay until nobody needs the room; ledger fields only until `forget_ledgers`. Nothing is evicted while a batch
    may still need it: `evict` is called between batches.
    """

    def __init__(self, cached_max: int = CACHED_CUSTOMERS_MAX) -> None:
        self._states: dict[str, CustomerState | None] = {}
        self._erased: dict[str, Instant | None] = {}
        self._ledgers: dict[str, Ledger] = {}
        self._cached_max = cached_max
        self.changed: set[str] = set()
        self.erased: set[str] = set()
        """Both since the last commit."""

    def state(self, customer_id: str) -> CustomerState | None:
        """Return the state, None where the customer is known not to exist; KeyError where it is not at hand."""
        return self._states[customer_id]

    def erased_at(self, customer_id: str) -> Instant | None:
        """Return when an earlier customer of this id was erased; asked only where there is no state."""
        return self._erased.get(customer_id)

    def ledger(self, customer_id: str) -> Ledger:
        """Return what is at hand of the ledger."""
        ledger = self._ledgers.get(customer_id)
        if ledger is None:
            ledger = self._ledgers[customer_id] = Ledger(complete=self._states.get(customer_id, 0) is None)
        return ledger

    def keep(self, customer: CustomerState, written: dict[str, LedgerEntry]) -> None:
        """Remember what a step made of the customer."""
        customer_id = customer.customer_id
        self.changed.add(customer_id)
        if written:
            self.ledger(customer_id).entries.update(written)
        self._states[customer_id] = customer

    def erase(self, customer_id: str, erased_at: Instant) -> None:
        """Forget the customer, remember when it was erased."""
        self.changed.add(customer_id)
        self.erased.add(customer_id)
        self._states[customer_id] = None
        self._ledgers[customer_id] = Ledger(complete=True)
        self._erased[customer_id] = erased_at

    def committed(self) -> None:
        """Begin to note changes anew."""
        self.changed.clear()
        self.erased.clear()

    def missing(self, wanted: Iterable[tuple[str, Sequence[str]]]) -> Wanted:
        """Return what a batch needs and is not at hand; marks its customers as lately used."""
        states: dict[str, None] = {}
        ledgers: dict[str, list[str]] = {}
        for customer_id, fields in wanted:
            if customer_id in self._states:
                self._states[customer_id] = self._states.pop(customer_id)
                if self._states[customer_id] is None:
                    continue
            else:
                states[customer_id] = None
            known = self._ledgers.get(customer_id)
            lacking = [f for f in fields if known is None or not (known.complete or f in known.entries)]
            if lacking:
                ledgers.setdefault(customer_id, []).extend(lacking)
        return Wanted(list(states), {i: list(dict.fromkeys(fields)) for i, fields in ledgers.items()})

    def add(self, loaded: Loaded) -> None:
        """Take what the store answered."""
        for customer_id, blob in loaded.states.items():
            self._states[customer_id] = None if blob is None else decode_state(blob)
        self._erased.update(loaded.erased)
        for customer_id, fields in loaded.ledgers.items():
            entries = self.ledger(customer_id).entries
            for name, value in fields.items():
                entries[name] = None if value is None else decode_entry(name, value)

    def add_ledger(self, customer_id: str, fields: Mapping[str, bytes]) -> None:
        """Take a whole ledger; what this batch already changed stays."""
        known = self.ledger(customer_id)
        stored = {name: decode_entry(name, value) for name, value in fields.items()}
        self._ledgers[customer_id] = Ledger({**stored, **known.entries}, complete=True)

    def evict(self) -> None:
        """Let go of ledgers, and of the states longest unused where there are too many."""
        self._ledgers.clear()
        for customer_id in list(self._states)[: max(0, len(self._states) - self._cached_max)]:
            del self._states[customer_id]
            self._erased.pop(customer_id, None)
