"""A history through the product's own code: records by the fold, samples, trainers, snapshots; day by day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from msgspec.structs import astuple

from models.trainer import Trainer
from schemas.instants import DAY_MICROSECONDS, Instant
from schemas.journal import Start
from schemas.program import Program
from schemas.record import LogRecord
from schemas.samples import SampleSlice
from schemas.snapshot import Snapshot
from schemas.topics import INPUTS
from state.fold import Fold
from state.memory import CustomersInMemory
from state.meta import PartitionMeta
from streams.sampling import CUSTOMERS_A_SLICE, slice_of


@dataclass(frozen=True, slots=True)
class Begun:
    """A day that has just begun, and with it the adoption of what was learnt until then."""

    day: int
    """From the first record on."""
    facts: npt.NDArray[np.int64]
    """As of now, shape (customers, 4); a customer's row stays the same; frequency 0: no order that counts."""
    snapshots: list[Snapshot | None]
    """What each trainer published."""


class Playing:
    """One partition with everybody in it. As in a worker, its clock's first moment in a day begins the daily sweep."""

    def __init__(self, program: Program, trainers: Sequence[Trainer]) -> None:
        self._customers = CustomersInMemory()
        self._fold = Fold(PartitionMeta(), self._customers)
        self._fold.start(Start(None, dict.fromkeys(INPUTS, 0), {}, program.canonical_json()))
        self._trainers, self._offset = trainers, 0
        self._rows: dict[str, int] = {}

    def days(self, records: Sequence[LogRecord]) -> Iterator[Begun]:
        """Yield each day, of UTC, in which there are records, as it begins."""
        first_day = _day_of(records[0].timestamp_ms * 1000)
        today = None
        for record in records:
            self._fold.apply(self._fold.admit(record))
            day = _day_of(self._fold.meta.clock_at)
            if day != today:
                today = day
                self._fold.take_changes()
                yield self._sampled(day - first_day)

    def _sampled(self, day: int) -> Begun:
        everyone = list(self._customers.states.values())
        slices = [
            slice_of(self._fold, everyone[start : start + CUSTOMERS_A_SLICE])
            for start in range(0, len(everyone), CUSTOMERS_A_SLICE)
        ]
        slices.append(SampleSlice(partition=0, at=self._fold.meta.clock_at, rows=()))
        snapshots = [self._learnt(trainer, slices) for trainer in self._trainers]
        self._offset += len(slices)
        return Begun(day, self._facts(slices), snapshots)

    def _learnt(self, trainer: Trainer, slices: Sequence[SampleSlice]) -> Snapshot | None:
        found = [trainer.take(samples, self._offset + number) for number, samples in enumerate(slices)]
        return next((one for one in found if one is not None), None)

    def _facts(self, slices: Sequence[SampleSlice]) -> npt.NDArray[np.int64]:
        rows = self._rows
        for samples in slices:
            for sample in samples.rows:
                rows.setdefault(sample.customer_id, len(rows))
        facts = np.zeros((len(rows), 4), dtype=np.int64)
        for samples in slices:
            for sample in samples.rows:
                facts[rows[sample.customer_id]] = astuple(sample)[1:5]
        return facts


def _day_of(at: Instant) -> int:
    return at // DAY_MICROSECONDS
