"""The customers at hand: an LRU cache of decoded states, and the ledger fields of the batch."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
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

    def at_hand(self, customer_ids: Iterable[str]) -> dict[str, CustomerState | None]:
        """Return the states that need not be loaded; unlike `missing` it lets nobody stay longer for that."""
        return {one: self._states[one] for one in customer_ids if one in self._states}

    def erased_at(self, customer_id: str) -> Instant | None:
        """Return when an earlier customer of this id was erased; asked only where there is no state."""
        return self._erased.get(customer_id)

    def ledger(self, customer_id: str) -> Ledger:
        """Return what is at hand of the ledger."""
        ledger = self._ledgers.get(customer_id)
        if ledger is None:
            ledger = self._ledgers[customer_id] = Ledger(complete=self._states.get(customer_id, 0) is None)
        return ledger

    def keep(self, customer: CustomerState, written: Mapping[str, LedgerEntry]) -> None:
        """Remember what a step made of the customer."""
        customer_id = customer.customer_id
        self.changed.add(customer_id)
        self._states[customer_id] = customer
        if written:
            self._ledgers[customer_id].entries.update(written)

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
        ledgers: dict[str, Sequence[str]] = {}
        at_hand, known_ledgers = self._states, self._ledgers
        for customer_id, looked_at in wanted:
            if customer_id in at_hand:
                state = at_hand[customer_id] = at_hand.pop(customer_id)
                if state is None:
                    continue
            else:
                states[customer_id] = None
            known, fields = known_ledgers.get(customer_id), looked_at
            if known is not None:
                fields = () if known.complete else [f for f in looked_at if f not in known.entries]
            if fields:
                asked = ledgers.get(customer_id)
                ledgers[customer_id] = fields if asked is None else list(dict.fromkeys((*asked, *fields)))
        return Wanted(list(states), ledgers)

    def add(self, loaded: Loaded) -> None:
        """Take what the store answered."""
        states, ledgers = self._states, self._ledgers
        for customer_id, blob in loaded.states.items():
            states[customer_id] = None if blob is None else decode_state(blob)
        self._erased.update(loaded.erased)
        for customer_id, fields in loaded.ledgers.items():
            entries = {n: None if value is None else decode_entry(n, value) for n, value in fields.items()}
            ledger = ledgers.get(customer_id)
            if ledger is None:
                ledgers[customer_id] = Ledger(entries, complete=states.get(customer_id, 0) is None)
            else:
                ledger.entries.update(entries)

    def add_ledgers(self, stored: Mapping[str, Mapping[str, bytes]]) -> None:
        """Take whole ledgers; what this batch already changed stays."""
        for customer_id, fields in stored.items():
            known = self.ledger(customer_id)
            entries = {name: decode_entry(name, value) for name, value in fields.items()}
            self._ledgers[customer_id] = Ledger({**entries, **known.entries}, complete=True)

    def evict(self) -> None:
        """Let go of ledgers, and of the states longest unused where there are too many."""
        self._ledgers.clear()
        too_many = max(0, len(self._states) - self._cached_max)
        for customer_id in list(islice(self._states, too_many)):
            del self._states[customer_id]
            self._erased.pop(customer_id, None)
