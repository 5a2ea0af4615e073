"""A run: one partition's history through the same fold as live, with every customer in memory."""

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from schemas.instants import Instant
from schemas.journal import ProgramChange, Start, Tick
from schemas.program import Program
from schemas.record import LogRecord
from schemas.topics import CONSENTS, INPUTS
from state.admission import admit
from state.bodies import Body
from state.fold import Fold
from state.memory import CustomersInMemory
from state.merge import in_order
from state.meta import PartitionMeta
from state.outputs import DeadLetter, Output
from state.read_model import read_model


@dataclass(slots=True)
class Run:
    """A partition while its history is folded; `outputs` grows in order of emission, dead letters among them."""

    meta: PartitionMeta = field(default_factory=PartitionMeta)
    customers: CustomersInMemory = field(default_factory=CustomersInMemory)
    forgotten: Mapping[str, Instant] = field(default_factory=dict)
    """Erased somewhere in this history: what they did up to then is dropped from its beginning on."""
    outputs: list[Output] = field(default_factory=list)
    fold: Fold = field(init=False)
    _due: list[tuple[Instant, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.fold = Fold(self.meta, self.customers, forgotten=self.forgotten)

    def take_record(self, record: LogRecord) -> None:
        """Take one record as a step."""
        self.fold.apply(self.fold.admit(record))
        self._collect()

    def take_step(self, single: Start | Tick | ProgramChange) -> None:
        """Take a step that is no record."""
        if isinstance(single, Start):
            self.fold.start(single)
        elif isinstance(single, Tick):
            self.fold.tick(single, self._due_until(single.at))
        else:
            self.fold.change_program(single)
            for customer_id in self.customers:
                heapq.heappush(self._due, (single.at, customer_id))
        self._collect()

    def read_models(self, as_of: Instant) -> dict[str, Body]:
        """Return every customer as of that instant, by id."""
        programs = self.fold.programs
        return {
            customer_id: read_model(customer, programs, as_of, self.customers.ledger(customer_id))
            for customer_id, customer in sorted(self.customers.states.items())
        }

    def _due_until(self, at: Instant) -> set[str]:
        due = set()
        while self._due and self._due[0][0] <= at:
            due.add(heapq.heappop(self._due)[1])
        return due

    def _collect(self) -> None:
        changes = self.fold.take_changes()
        self.outputs += changes.outputs
        for customer_id, moment in changes.due.items():
            if moment is not None:
                heapq.heappush(self._due, (moment, customer_id))


def run_log(
    records: Iterable[LogRecord], program: Program, until_at: Instant | None = None, *, drops_erased: bool = True
) -> Run:
    """Fold a log by the rules alone: records in the order of their timestamps, then time up to the latest of them.

    The log counts as one partition of each topic. ``until_at`` lets time pass to that moment first, if it is later.
    Who is erased anywhere in it is forgotten from its beginning on, unless ``drops_erased`` is off: then as live.
    """
    queues: dict[str, list[LogRecord]] = {topic: [] for topic in INPUTS}
    for record in records:
        queues[record.topic].append(record)
    forgotten = erasures_in(queues[CONSENTS]) if drops_erased else {}
    run = Run(forgotten=forgotten)
    run.take_step(Start(None, dict.fromkeys(INPUTS, 0), {}, program.canonical_json()))
    count = sum(map(len, queues.values()))
    for record in in_order(queues, frozenset(INPUTS), 0, count):
        run.take_record(record)
    run.take_step(Tick(max(run.meta.clock_at, until_at or 0)))
    return run


def erasures_in(records: Iterable[LogRecord]) -> dict[str, Instant]:
    """Return the latest erasure of each customer that the records erase."""
    erasures: dict[str, Instant] = {}
    for record in records:
        if record.value is None or b"customer.erased" not in record.value:
            continue
        admitted = admit(record)
        if not isinstance(admitted, DeadLetter) and admitted.event.type == "customer.erased":
            customer_id, erased_at = admitted.customer_id, admitted.event.occurred_at
            erasures[customer_id] = max(erased_at, erasures.get(customer_id, erased_at))
    return erasures
