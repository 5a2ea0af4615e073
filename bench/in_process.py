"""The fold without servers: what decoding and stepping cost, and what the short cut for quiet orders saves."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import process_time
from unittest.mock import patch

import msgspec

import state.advance
import state.step
from bench.log import BenchLog
from models.settings import LearningSettings
from models.trainer import Trainer
from schemas.instants import DAY_MICROSECONDS
from schemas.journal import ModelAdoption, Start, Tick
from schemas.program import Program
from schemas.record import LogRecord
from schemas.samples import Sample, SampleSlice
from schemas.snapshot import Snapshot
from schemas.topics import INPUTS
from schemas.value import VALUE_FEATURES, Correction
from state.fold import Fold
from state.memory import CustomersInMemory
from state.meta import PartitionMeta
from state.score import Model, model_of
from state.standing import facts_of
from streams.garbage import look_seldom

RUNS = 9
RECORDS_A_COMMIT = 2000


class InProcess(msgspec.Struct, frozen=True):
    """CPU microseconds a record, the least of several runs, of one partition of the log."""

    decode: float
    step: float
    step_without_short_cut: float
    step_with_model: float
    """With a model in force, learnt from the end of the log: every order is scored."""
    step_without_value: float
    """The same, with a snapshot that does not price: the difference is what pricing costs an order."""
    adoption_a_customer: float
    """Scoring everybody anew when another model is adopted, without store and topics."""


def measure_in_process(log: BenchLog, program: Program) -> InProcess:
    """Fold partition 0 in this process, with the short cut and without, in turn."""
    records = log.of_partition(0)
    with _garbage_as_in_a_worker():
        return _measured(records, program)


@contextmanager
def _garbage_as_in_a_worker() -> Iterator[None]:
    """Look for unreachable objects as seldom as a worker does, or its pauses are taken for the fold's."""
    thresholds = gc.get_threshold()
    look_seldom()
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def _measured(records: Sequence[LogRecord], program: Program) -> InProcess:
    snapshot = _handed_over(learnt_from(records, program))
    without_value = msgspec.structs.replace(snapshot, value=None)
    runs = [
        (
            *_fold(records, program),
            _weighed(records, program)[1],
            # A model of its own in every run: it remembers whom it priced.
            _fold(records, program, model_of(0, snapshot))[1],
            _fold(records, program, model_of(0, without_value))[1],
            _adopted(records, program, (model_of(0, snapshot), model_of(1, snapshot))),
        )
        for _ in range(RUNS)
    ]
    return InProcess(*(round(min(times), 2) for times in zip(*runs, strict=True)))


def _weighed(records: Sequence[LogRecord], program: Program) -> tuple[float, float]:
    with (
        patch.object(state.step, "place_quietly", lambda *_: None),
        patch.object(state.advance, "pass_quietly", lambda *_: False),
    ):
        return _fold(records, program)


def learnt_from(records: Sequence[LogRecord], program: Program) -> Snapshot:
    """Return the snapshot of a trainer that saw every customer once, as of the end of the records.

    Fewer than sixty customers make fewer clusters than usual.
    """
    fold, customers = _started(program)
    for record in records:
        fold.apply(fold.admit(record))
    at = fold.meta.clock_at
    today = fold.programs.current.day_of(at)
    facts = {one: facts_of(customer, today) for one, customer in customers.states.items()}
    rows = tuple(Sample(one, *msgspec.structs.astuple(found)) for one, found in facts.items() if found is not None)
    trainer = Trainer(LearningSettings(k=min(6, max(1, len(rows) // 10)), warm_up_days=1))
    trainer.take(SampleSlice(partition=0, at=at, rows=rows), 0)
    snapshot = trainer.take(SampleSlice(partition=0, at=at + DAY_MICROSECONDS, rows=()), 1)
    assert snapshot is not None, "a warm-up of one day is over"
    return snapshot


def _handed_over(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot as if labels had matured: a correction takes the same time, whatever it says."""
    if snapshot.value is None:
        return snapshot
    correction = Correction((4.0,) * VALUE_FEATURES, (1.0,) * VALUE_FEATURES, (0.01,) * (VALUE_FEATURES + 1), (), 3.0)
    value = msgspec.structs.replace(snapshot.value, priced_by="poisson", correction=correction)
    return msgspec.structs.replace(snapshot, value=value)


def _started(program: Program, model: Model | None = None) -> tuple[Fold, CustomersInMemory]:
    customers = CustomersInMemory()
    fold = Fold(PartitionMeta(), customers)
    fold.start(Start(None, dict.fromkeys(INPUTS, 0), {}, program.canonical_json()))
    if model is not None:
        fold.adopt(ModelAdoption(model.version, 0), model)
        fold.tick(Tick(0), ())
    return fold, customers


def _adopted(records: Sequence[LogRecord], program: Program, models: tuple[Model, Model]) -> float:
    """Return the microseconds a customer that the sweep of a second adoption takes."""
    fold, customers = _started(program, models[0])
    for record in records:
        fold.apply(fold.admit(record))
    fold.take_changes()
    clock_at, everyone = fold.meta.clock_at, list(customers)
    fold.tick(Tick(clock_at), everyone)
    began_at = process_time()
    fold.adopt(ModelAdoption(models[1].version, clock_at), models[1])
    fold.tick(Tick(clock_at), everyone)
    fold.take_changes()
    return (process_time() - began_at) / len(everyone) * 1e6


def _fold(records: Sequence[LogRecord], program: Program, model: Model | None = None) -> tuple[float, float]:
    """Return the microseconds a record that decoding and stepping took, in the second half of the records.

    In the first half everybody comes for the first time, and with a model is told the first names.
    """
    fold, _ = _started(program, model)
    decoding = stepping = 0.0
    half = len(records) // 2 // RECORDS_A_COMMIT * RECORDS_A_COMMIT
    for first in range(0, len(records), RECORDS_A_COMMIT):
        began_at = process_time()
        admitted = [fold.admit(record) for record in records[first : first + RECORDS_A_COMMIT]]
        decoded_at = process_time()
        for one in admitted:
            fold.apply(one)
        fold.take_changes()
        if first >= half:
            decoding, stepping = decoding + decoded_at - began_at, stepping + process_time() - decoded_at
    measured = (len(records) - half) / 1e6
    return decoding / measured, stepping / measured
