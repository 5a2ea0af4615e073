"""What a replay found, in numbers: what `tierline replay` prints."""

from collections import Counter
from collections.abc import Mapping
from typing import Self

import msgspec

from replay.run import Run
from schemas.instants import Instant, format_instant
from schemas.money import format_minor
from state.decision import effective_level

Counts = dict[str, int]


_COUNTS_OF = {
    "tier.changed": "changes",
    "segment.changed": "segment_changes",
    "nudge.issued": "nudges",
    "nudge.retracted": "retractions",
    "nudge.suppressed": "suppressions",
}


class Summary(msgspec.Struct, kw_only=True):
    """Numbers of one run or of several partitions together."""

    records: int = 0
    applied: int = 0
    duplicates: int = 0
    erased: int = 0
    dead: Counts = msgspec.field(default_factory=dict)
    """By reason."""
    skipped: Counts = msgspec.field(default_factory=dict)
    """Records of topics that are not consumed, by topic."""
    steps: int = 0
    customers: int = 0
    tiers: Counts = msgspec.field(default_factory=dict)
    """Customers by the tier in force."""
    segments: Counts = msgspec.field(default_factory=dict)
    """Customers by rule segment; those without one are left out."""
    changes: Counts = msgspec.field(default_factory=dict)
    """Of tiers, by trigger."""
    segment_changes: Counts = msgspec.field(default_factory=dict)
    """By trigger."""
    nudges: Counts = msgspec.field(default_factory=dict)
    """Issued, by kind."""
    retractions: Counts = msgspec.field(default_factory=dict)
    """By kind."""
    suppressions: Counts = msgspec.field(default_factory=dict)
    """By reason."""
    refund_excess: str = "0"
    """Refunds beyond the amounts of their orders, which nobody booked."""
    currency: str = ""
    program_version: str = ""
    as_of: str = ""
    """The end of the history: the latest of it, over partitions."""
    excess_minor: int = 0

    def add_run(self, run: Run, ended_at: Instant) -> Self:
        """Count a finished run in."""
        fates = _fates(run.meta.counters)
        self.applied += fates.pop("applied", 0)
        self.duplicates += fates.pop("duplicate", 0)
        self.erased += fates.pop("erased", 0)
        self.dead = _sum(self.dead, fates)
        self.records = self.applied + self.duplicates + self.erased + sum(self.dead.values())
        self.steps += run.meta.step
        self._add_customers(run)
        self.as_of = max(self.as_of, format_instant(ended_at))
        return self

    def add_written(self, written: Mapping[tuple[str, str], int]) -> Self:
        """Count what went into the files."""
        for (what, which), count in sorted(written.items()):
            name = _COUNTS_OF[what]
            setattr(self, name, _sum(getattr(self, name), {which: count}))
        return self

    def as_json(self) -> dict[str, int | str | Counts]:
        """Return the numbers to show."""
        return {name: getattr(self, name) for name in self.__struct_fields__ if name != "excess_minor"}

    def _add_customers(self, run: Run) -> None:
        programs, customers = run.fold.programs, run.customers.states.values()
        tiers = Counter(effective_level(customer, programs.of(customer)).name for customer in customers)
        ladder = {level.name: tiers[level.name] for level in programs.current.levels}
        self.tiers = _sum(self.tiers, ladder | dict(tiers))
        self.segments = _sum(self.segments, dict(sorted(run.meta.customers_by_segment.get("rfm", {}).items())))
        self.customers += len(run.customers.states)
        self.currency, self.program_version = programs.current.currency, programs.current.program_version
        self.excess_minor += sum(customer.excess_minor for customer in customers)
        self.refund_excess = format_minor(self.excess_minor, self.currency)


def _fates(counters: Mapping[str, int]) -> Counts:
    """Return the fates of records: applied, duplicate, erased and, without its prefix, each reason of death."""
    fates = {name: count for name, count in counters.items() if name in ("applied", "duplicate", "erased")}
    dead = {name.removeprefix("dead:"): count for name, count in sorted(counters.items()) if name.startswith("dead:")}
    return fates | dead


def _sum(counts: Counts, more: Mapping[str, int]) -> Counts:
    return {name: counts.get(name, 0) + more.get(name, 0) for name in [*counts, *(m for m in more if m not in counts)]}
