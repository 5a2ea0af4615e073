"""One partition's fold: what the worker, its recovery, a replay and the tests all drive. No I/O, no clock."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Final

from schemas.instants import Instant
from schemas.journal import ModelAdoption, ProgramChange, SingleStep, Start, Tick
from schemas.record import LogRecord
from state.admission import Admitted, admit, objection_to
from state.advance import due_moment
from state.changes import Changes, Customers
from state.customer import CustomerState, Source
from state.decision import Decision, effective_level
from state.errors import ChangeRefusedError, LedgerNeeded
from state.in_force import Programs
from state.ledger import LedgerEntry
from state.meta import PartitionMeta
from state.outputs import DeadLetter, Output, dead_letter_output
from state.rules import rules_of
from state.score import Model
from state.speaking import note_without_segments, speak
from state.step import Arrival, step, step_time
from state.ticks import reach

NEVER: Final = -(10**18)


class Fold:
    """Records, ticks, changes of program and model in; states, ledger fields, due moments, outputs and counters out.

    Each call of `start`, `apply`, `tick`, `change_program` and `adopt` is one step. A step that raises `LedgerNeeded`
    changed nothing: load those ledgers whole and call again.
    """

    def __init__(
        self,
        meta: PartitionMeta,
        customers: Customers,
        partition_of: Callable[[bytes], int] | None = None,
        *,
        forgotten: Mapping[str, Instant] | None = None,
        models: Mapping[int, Model] | None = None,
    ) -> None:
        """``models`` holds those of `PartitionMeta.models_in_force`; `adopt` brings further ones."""
        self.meta = meta
        self._customers = customers
        self._partition_of = partition_of
        self._forgotten = forgotten or {}
        self._changes = Changes(meta.step + 1, meta)
        self._models = {version: (models or {})[version] for version in meta.models_in_force}
        self._programs: Programs | None = meta.programs(self._models) if meta.program else None

    @property
    def programs(self) -> Programs:
        """The rules in force; only after the start."""
        if self._programs is None:
            raise RuntimeError("a fold has no program before its start step")
        return self._programs

    def start(self, start: Start) -> None:
        """Take the first step of all: where the inputs begin and which program is in force."""
        self.meta.offsets = dict(start.offsets)
        self.meta.topic_ids = dict(start.topic_ids)
        self.meta.started_at = start.at
        self.meta.program = start.program_json
        self._put_in_force()
        self._count_step(start)

    def admit(self, record: LogRecord) -> Admitted | DeadLetter:
        """Return the event of ``record`` or why there is none; may be called ahead of time."""
        return admit(record)

    def apply(self, admitted: Admitted | DeadLetter) -> None:
        """Take one record as a step. Raises `LedgerNeeded`."""
        meta, record = self.meta, admitted.record
        timestamp_at = record.timestamp_at(meta.clock_at)
        if isinstance(admitted, DeadLetter):
            self._bury(admitted, timestamp_at)
        else:
            self._take_event(admitted, timestamp_at)
        topic = record.topic
        if timestamp_at > meta.clock_at:
            meta.clock_at = timestamp_at
        meta.offsets[topic] = record.offset + 1
        meta.step += 1
        self._changes.note_record(topic)

    def tick(self, tick: Tick, customer_ids: Iterable[str]) -> None:
        """Let time reach the tick for those customers: all who are due must be among them.

        Raises `LedgerNeeded`, for all of them at once, where a change of program has to see their orders.
        """
        programs = self.programs
        reaches = [(one, reach(tick, one)) for one in sorted(customer_ids)]
        due = [(one, until_at) for one, until_at in reaches if self._is_due(one, until_at)]
        self._require_ledgers(one for one, until_at in due if programs.changed_at <= until_at)
        for customer_id, until_at in due:
            before = self._customers.state(customer_id)
            assert before is not None, "who is due exists"
            customer, decisions = step_time(before, programs, until_at, self._customers.ledger(customer_id))
            self._keep(customer, {}, decisions)
        for customer_id, _ in reaches:
            self._note_due(customer_id)
        self._finish_sweep(tick)
        self._count_step(tick)

    def change_program(self, change: ProgramChange) -> None:
        """Put another program in force; every customer meets it at ``change.at``, by its next event or a tick.

        Raises `ChangeRefusedError` for another currency, or while an earlier change is still swept.
        """
        old, new = self.programs.current, rules_of(change.program_json)
        if new.currency != old.currency:
            raise ChangeRefusedError(
                f"program {new.program_version} counts in {new.currency}, the one in force in {old.currency}; "
                "a currency cannot change: start a new installation under another TIERLINE_NAME"
            )
        self._require_swept()
        self.meta.previous_program = self.meta.program
        self.meta.program = change.program_json
        self.meta.program_changed_at = change.at
        self._put_in_force()
        self._count_step(change)

    def adopt(self, adoption: ModelAdoption, model: Model) -> None:
        """Put another model in force; everyone is scored with it as of ``adoption.at``, by the next event or a tick.

        Raises `ChangeRefusedError` for a version that is not higher, or while an earlier change is still swept.
        """
        meta = self.meta
        if adoption.version != model.version or adoption.version <= meta.model:
            raise ChangeRefusedError(f"model {adoption.version} cannot follow model {meta.model}: versions only rise")
        self._require_swept()
        meta.note_adopted(model, adoption.at)
        self._models[model.version] = model
        self._put_in_force()
        self.meta.count("adoptions")
        self._count_step(adoption)

    def note_withdrawn(self, output: Output) -> None:
        """Count an output that was taken back before it was published, because its customer was erased."""
        self.meta.count("withdrawn:" + output.topic)

    @property
    def unsent(self) -> Sequence[Output]:
        """The outputs since the last `take_changes`, in order."""
        return self._changes.outputs

    def take_changes(self) -> Changes:
        """Return what the steps since the last call changed, and begin anew."""
        changes, self._changes = self._changes, Changes(self.meta.step + 1, self.meta)
        return changes

    def _take_event(self, admitted: Admitted, timestamp_at: Instant) -> None:
        event, record, programs = admitted.event, admitted.record, self.programs
        objection = objection_to(event, programs.current, timestamp_at)
        if objection is not None:
            return self._bury(DeadLetter(record, *objection), timestamp_at)
        customer_id, customers = event.customer_id, self._customers
        before = customers.state(customer_id)
        if before is None and not self._belongs_here(customer_id):
            detail = "the key belongs to another partition; produce with the default (murmur2) partitioner"
            return self._bury(DeadLetter(record, "wrong_partition", detail), timestamp_at)
        erased_at = customers.erased_at(customer_id) if before is None else before.erased_at
        if erased_at is not None and event.occurred_at <= erased_at:
            return self.meta.count("erased")
        if event.type == "customer.erased":
            self._erase(customer_id, event.occurred_at)
            return self.meta.count("applied")
        if self._forgotten and event.occurred_at <= self._forgotten.get(customer_id, NEVER):
            return self.meta.count("erased")
        arrival = Arrival(timestamp_at, Source(record.topic, record.partition, record.offset), erased_at)
        result = step(before, event, programs, arrival, customers.ledger(customer_id))
        if before is None:
            self.meta.note_newcomer(programs.current.levels[0].name)
        self._keep(result.customer, result.written, result.decisions)
        return self.meta.count(result.fate)

    def _keep(self, customer: CustomerState, written: Mapping[str, LedgerEntry], decisions: list[Decision]) -> None:
        customer_id, changes = customer.customer_id, self._changes
        self._customers.keep(customer, written)
        if changes.states.get(customer_id, customer) is None:
            changes.reborn.add(customer_id)
        changes.states[customer_id] = customer
        if written:
            changes.note_ledger(customer_id, written)
        changes.due[customer_id] = due_moment(customer, self.programs)
        for decision in decisions:
            speak(decision, changes)

    def _note_due(self, customer_id: str) -> None:
        customer = self._customers.state(customer_id)
        self._changes.due[customer_id] = None if customer is None else due_moment(customer, self.programs)

    def _bury(self, letter: DeadLetter, timestamp_at: Instant) -> None:
        self._changes.outputs.append(dead_letter_output(letter, max(timestamp_at, self.meta.clock_at)))
        self.meta.count("dead:" + letter.reason)

    def _erase(self, customer_id: str, erased_at: Instant) -> None:
        changes, key = self._changes, customer_id.encode()
        customer = self._customers.state(customer_id)
        if customer is not None:
            self.meta.note_gone(effective_level(customer, self.programs.of(customer)).name)
            note_without_segments(customer, self.meta)
        self._customers.erase(customer_id, erased_at)
        changes.states[customer_id] = None
        changes.reborn.discard(customer_id)
        changes.ledger.pop(customer_id, None)
        changes.due[customer_id] = None
        changes.erased[sha256(key).hexdigest()] = erased_at
        for output in changes.outputs:
            if output.key == key:
                self.note_withdrawn(output)
        changes.unsay(customer_id)

    def _belongs_here(self, customer_id: str) -> bool:
        return self._partition_of is None or self._partition_of(customer_id.encode()) == self.meta.partition

    def _is_due(self, customer_id: str, until_at: Instant) -> bool:
        customer = self._customers.state(customer_id)
        moment = None if customer is None else due_moment(customer, self.programs)
        return moment is not None and moment <= until_at

    def _require_ledgers(self, customer_ids: Iterable[str]) -> None:
        missing = tuple(
            one for one in customer_ids if self._awaits_program(one) and not self._customers.ledger(one).complete
        )
        if missing:
            raise LedgerNeeded(missing)

    def _awaits_program(self, customer_id: str) -> bool:
        customer = self._customers.state(customer_id)
        return customer is not None and self.programs.of(customer) is not self.programs.current

    def _finish_sweep(self, tick: Tick) -> None:
        if self.meta.note_swept(tick):
            self._models = {version: self._models[version] for version in self.meta.models_in_force}
            self._put_in_force()

    def _put_in_force(self) -> None:
        self._programs = self.meta.programs(self._models)

    def _require_swept(self) -> None:
        if self.meta.sweeps_to is not None:
            raise ChangeRefusedError("an earlier change of program or model is still being swept; wait for its end")

    def _count_step(self, single: SingleStep) -> None:
        self.meta.step += 1
        self._changes.note_step(single)
