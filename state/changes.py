"""What a fold reads and what it writes: the customers at hand, and the changes that make up one commit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from schemas.instants import Instant
from schemas.journal import Records, SingleStep, Step
from state.customer import CustomerState
from state.ledger import Ledger, LedgerEntry
from state.meta import PartitionMeta
from state.outputs import Output


class Customers(Protocol):
    """The customers at hand: a cache filled ahead of the fold, or all there are."""

    def state(self, customer_id: str) -> CustomerState | None:
        """Return the customer, None if it is known not to exist; KeyError if it is not at hand."""

    def erased_at(self, customer_id: str) -> Instant | None:
        """Return when an earlier customer of this id was erased; asked only where `state` is None."""

    def ledger(self, customer_id: str) -> Ledger:
        """Return what is at hand of the ledger; whoever loaded it keeps it up to date through `keep`."""

    def keep(self, customer: CustomerState, written: Mapping[str, LedgerEntry]) -> None:
        """Remember a customer's new state and ledger fields."""

    def erase(self, customer_id: str, erased_at: Instant) -> None:
        """Forget a customer and remember when it was erased."""


class Said(NamedTuple):
    """One output about a customer, as pages show it; step and number are its place in the partition, for ever."""

    step: int
    number: int
    """Which one of its step, from 0."""
    customer_id: str
    body: bytes
    """JSON, as on the topic."""


@dataclass(slots=True)
class Changes:
    """What a run of steps changed: the content of one commit."""

    first_step: int
    meta: PartitionMeta
    steps: list[Step] = field(default_factory=list)
    """Neighbouring records of one topic are one run."""
    states: dict[str, CustomerState | None] = field(default_factory=dict)
    """None: delete the customer's state and ledger."""
    ledger: dict[str, dict[str, LedgerEntry]] = field(default_factory=dict)
    due: dict[str, Instant | None] = field(default_factory=dict)
    """The next due moment of each touched customer, None if there is none."""
    erased: dict[str, Instant] = field(default_factory=dict)
    """By SHA-256 of the customer id, in hex."""
    reborn: set[str] = field(default_factory=set)
    """Erased here and come back since: delete the old keys first."""
    outputs: list[Output] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    """The outputs about customers (no dead letters) in the same order."""

    def say(self, step: int, customer_id: str, output: Output) -> None:
        """Note an output about a customer."""
        self.outputs.append(output)
        last = self.said[-1] if self.said else None
        number = last.number + 1 if last is not None and last.step == step else 0
        assert output.value is not None, "what is said of a customer has a body"
        self.said.append(Said(step, number, customer_id, output.value))

    def unsay(self, customer_id: str) -> None:
        """Take back every output about a customer who was erased."""
        key = customer_id.encode()
        self.outputs = [output for output in self.outputs if output.key != key]
        self.said = [said for said in self.said if said.customer_id != customer_id]

    def note_record(self, topic: str) -> None:
        """Note one record as a step."""
        last = self.steps[-1] if self.steps else None
        if type(last) is Records and last.topic == topic:
            last.count += 1
        else:
            self.steps.append(Records(topic))

    def note_step(self, single: SingleStep) -> None:
        """Note a step that is no record."""
        self.steps.append(single)

    def note_ledger(self, customer_id: str, written: Mapping[str, LedgerEntry]) -> None:
        """Note ledger fields of a customer."""
        known = self.ledger.get(customer_id)
        if known is None:
            self.ledger[customer_id] = dict(written)
        else:
            known.update(written)
