"""The fold without servers: what decoding and stepping cost, and what the short cut for quiet orders saves."""

import gc
from collections.abc import Sequence
from time import process_time
from unittest.mock import patch

import msgspec

import state.advance
import state.step
from bench.log import BenchLog
from schemas.journal import Start
from schemas.program import Program
from schemas.record import LogRecord
from schemas.topics import INPUTS
from state.fold import Fold
from state.memory import CustomersInMemory
from state.meta import PartitionMeta

RUNS = 5
RECORDS_A_COMMIT = 2000


class InProcess(msgspec.Struct, frozen=True):
    """CPU microseconds a record, the least of several runs, of one partition of the log."""

    decode: float
    step: float
    step_without_short_cut: float


def measure_in_process(log: BenchLog, program: Program) -> InProcess:
    """Fold partition 0 in this process, with the short cut and without, in turn."""
    records = log.of_partition(0)
    gc.collect()
    pairs = [(_fold(records, program), _weighed(records, program)) for _ in range(RUNS)]
    return InProcess(
        decode=round(min(decode for (decode, _), _ in pairs), 2),
        step=round(min(step for (_, step), _ in pairs), 2),
        step_without_short_cut=round(min(step for _, (_, step) in pairs), 2),
    )


def _weighed(records: Sequence[LogRecord], program: Program) -> tuple[float, float]:
    with (
        patch.object(state.step, "place_quietly", lambda *_: None),
        patch.object(state.advance, "pass_quietly", lambda *_: False),
    ):
        return _fold(records, program)


def _fold(records: Sequence[LogRecord], program: Program) -> tuple[float, float]:
    """Return the microseconds a record that decoding and stepping took."""
    fold = Fold(PartitionMeta(), CustomersInMemory())
    fold.start(Start(None, dict.fromkeys(INPUTS, 0), {}, program.canonical_json()))
    decoding = stepping = 0.0
    for first in range(0, len(records), RECORDS_A_COMMIT):
        began_at = process_time()
        admitted = [fold.admit(record) for record in records[first : first + RECORDS_A_COMMIT]]
        decoded_at = process_time()
        for one in admitted:
            fold.apply(one)
        fold.take_changes()
        decoding, stepping = decoding + decoded_at - began_at, stepping + process_time() - decoded_at
    return decoding / len(records) * 1e6, stepping / len(records) * 1e6
