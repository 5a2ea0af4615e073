"""A run: one partition's history through the same fold as live, with every customer in memory."""

import heapq
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from schemas.instants import Instant
from schemas.journal import ModelAdoption, ProgramChange, Start, Tick
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
from state.score import Model

Sink = Callable[[Output, LogRecord | None], None]
"""Takes an output as it arises, with the record of its step; a tick has none."""


@dataclass(slots=True)
class Run:
    """A partition while its history is folded; without a ``sink``, `outputs` grows in order of emission."""

    meta: PartitionMeta = field(default_factory=PartitionMeta)
    customers: CustomersInMemory = field(default_factory=CustomersInMemory)
    forgotten: Mapping[str, Instant] = field(default_factory=dict)
    """Erased somewhere in this history: what they did up to then is dropped from its beginning on."""
    partition_of: Callable[[bytes], int] | None = None
    """Where a key belongs; None: everything belongs here."""
    sink: Sink | None = None
    outputs: list[Output] = field(default_factory=list)
    """What nobody else took, dead letters among it."""
    fold: Fold = field(init=False)
    _due: list[tuple[Instant, str]] = field(default_factory=list)
    _due_of: dict[str, Instant] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.fold = Fold(self.meta, self.customers, self.partition_of, forgotten=self.forgotten)

    def take_record(self, record: LogRecord) -> None:
        """Take one record as a step."""
        self.fold.apply(self.fold.admit(record))
        self._collect(record)

    def take_step(self, single: Start | Tick | ProgramChange) -> None:
        """Take a step that is no record."""
        if isinstance(single, Start):
            self.fold.start(single)
        elif isinstance(single, Tick):
            self.fold.tick(single, self._due_until(single.at))
        else:
            self.fold.change_program(single)
            self._everyone_is_due(single.at)
        self._collect(None)

    def adopt(self, adoption: ModelAdoption, model: Model) -> None:
        """Take the step that puts a model in force."""
        self.fold.adopt(adoption, model)
        self._everyone_is_due(adoption.at)
        self._collect(None)

    def read_models(self, as_of: Instant) -> dict[str, Body]:
        """Return every customer as of that instant, by id."""
        programs = self.meta.programs()
        return {
            customer_id: read_model(customer, programs, as_of, self.customers.ledger(customer_id))
            for customer_id, customer in sorted(self.customers.states.items())
        }

    def due_of(self, customer_id: str) -> Instant | None:
        """Return when time alone next changes the customer."""
        return self._due_of.get(customer_id)

    def _everyone_is_due(self, at: Instant) -> None:
        for customer_id in self.customers:
            self._note_due(customer_id, min(at, self._due_of.get(customer_id, at)))

    def _due_until(self, at: Instant) -> list[str]:
        due = []
        while self._due and self._due[0][0] <= at:
            moment, customer_id = heapq.heappop(self._due)
            if self._due_of.get(customer_id) == moment:
                due.append(customer_id)
                del self._due_of[customer_id]
        return due

    def _note_due(self, customer_id: str, moment: Instant | None) -> None:
        if moment is None:
            self._due_of.pop(customer_id, None)
        elif self._due_of.get(customer_id) != moment:
            self._due_of[customer_id] = moment
            heapq.heappush(self._due, (moment, customer_id))

    def _collect(self, record: LogRecord | None) -> None:
        changes = self.fold.take_changes()
        for output in changes.outputs:
            if self.sink is None:
                self.outputs.append(output)
            else:
                self.sink(output, record)
        for customer_id, moment in changes.due.items():
            self._note_due(customer_id, moment)


def run_log(
    records: Iterable[LogRecord],
    program: Program,
    until_at: Instant | None = None,
    *,
    drops_erased: bool = True,
    sink: Sink | None = None,
) -> Run:
    """Fold a log by the rules alone: records in the order of their timestamps, then time up to the latest of them.

    The log counts as one partition of each topic. ``until_at`` lets time pass to that moment first, if it is later.
    Who is erased anywhere in it is forgotten from its beginning on, unless ``drops_erased`` is off: then as live.
    """
    queues: dict[str, list[LogRecord]] = {topic: [] for topic in INPUTS}
    for record in records:
        queues[record.topic].append(record)
    run = Run(forgotten=erasures_in(queues[CONSENTS]) if drops_erased else {}, sink=sink)
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
        erasure = erasure_of(record)
        if erasure is not None:
            customer_id, erased_at = erasure
            erasures[customer_id] = max(erased_at, erasures.get(customer_id, erased_at))
    return erasures


def erasure_of(record: LogRecord) -> tuple[str, Instant] | None:
    """Return whom ``record`` erases, and up to when; None if it erases nobody."""
    if record.value is None or b"customer.erased" not in record.value:
        return None
    admitted = admit(record)
    if isinstance(admitted, DeadLetter) or admitted.event.type != "customer.erased":
        return None
    return admitted.customer_id, admitted.event.occurred_at
