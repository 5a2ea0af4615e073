"""All customers of a partition in memory: what a replay and the tests fold over."""

from collections.abc import Iterator, Mapping

from schemas.instants import Instant
from state.customer import CustomerState
from state.ledger import Ledger, LedgerEntry


class CustomersInMemory:
    """Every customer at hand, each with its whole ledger."""

    def __init__(self) -> None:
        self.states: dict[str, CustomerState] = {}
        self.ledgers: dict[str, Ledger] = {}
        self.erased: dict[str, Instant] = {}

    def state(self, customer_id: str) -> CustomerState | None:
        """Return the customer, None if there is none."""
        return self.states.get(customer_id)

    def erased_at(self, customer_id: str) -> Instant | None:
        """Return when the customer was erased, None if never."""
        return self.erased.get(customer_id)

    def ledger(self, customer_id: str) -> Ledger:
        """Return the whole ledger."""
        ledger = self.ledgers.get(customer_id)
        return Ledger(complete=True) if ledger is None else ledger

    def keep(self, customer: CustomerState, written: Mapping[str, LedgerEntry]) -> None:
        """Remember a new state and ledger fields."""
        self.states[customer.customer_id] = customer
        if written:
            self.ledgers.setdefault(customer.customer_id, Ledger(complete=True)).entries.update(written)

    def erase(self, customer_id: str, erased_at: Instant) -> None:
        """Forget the customer."""
        self.states.pop(customer_id, None)
        self.ledgers.pop(customer_id, None)
        self.erased[customer_id] = max(erased_at, self.erased.get(customer_id, erased_at))

    def __iter__(self) -> Iterator[str]:
        """Yield the ids of all customers."""
        return iter(self.states)
