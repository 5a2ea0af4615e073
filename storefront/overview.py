"""The program at a glance: partitions' counts summed up. No customer is looked at."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from schemas.instants import DAY_MICROSECONDS, Instant, format_instant
from schemas.program import Program
from state.bodies import Body
from state.meta import PartitionMeta
from state.store import DAYS_MAX

_FATES: Final = ("applied", "duplicate", "erased")


class NamedCount(BaseModel):
    """How many customers have a tier or segment."""

    name: str
    customers: int


class Migration(BaseModel):
    """How many changes of tier there were from one to another."""

    model_config = ConfigDict(populate_by_name=True)

    came_from: str = Field(alias="from")
    to: str
    count: int


class Nudges(BaseModel):
    """How many nudges were issued by kind, held back by reason, and retracted by reason."""

    issued: dict[str, int]
    suppressed: dict[str, int]
    retracted: dict[str, int]


class Moment(BaseModel):
    """The customers by tier at one moment of the log's clock."""

    at: str
    tiers: dict[str, int]


class Overview(BaseModel):
    """The program at a glance."""

    as_of: str = Field(description="the latest partition's clock")
    program_version: str
    model_version: int | None
    customers: int
    records: int = Field(description="input records taken since the start")
    orders_per_second: float = Field(description="over the last 5 s, as this process saw it")
    lag: int | None = Field(description="records not yet taken; null: unknown")
    tiers: list[NamedCount] = Field(description="every level, lowest first")
    segments: dict[str, list[NamedCount]]
    migrations: list[Migration]
    nudges: Nudges
    history: list[Moment] = Field(description="ends of days, oldest first, at most 366")


def overview(metas: Sequence[PartitionMeta], orders_per_second: float) -> Body:
    """Return the overview without its ``history``; ``metas`` are those of started partitions, at least one."""
    current = max((Program.from_json(meta.program) for meta in metas), key=lambda program: program.version)
    tiers = _summed(meta.customers_by_tier for meta in metas)
    names = [level.name for level in current.tiers.levels]
    names += sorted(set(tiers) - set(names))
    counters = _summed(meta.counters for meta in metas)
    return {
        "as_of": format_instant(_latest(metas)),
        "program_version": current.version_id,
        "model_version": None,
        "customers": sum(tiers.values()),
        "records": sum(n for name, n in counters.items() if name in _FATES or name.startswith("dead:")),
        "orders_per_second": round(orders_per_second, 1),
        "lag": None,
        "tiers": [{"name": name, "customers": tiers.get(name, 0)} for name in names],
        "segments": {"rfm": [], "cluster": [], "persona": []},
        "migrations": _migrations(metas),
        "nudges": {
            "issued": _by(counters, "issued", 1),
            "suppressed": _by(counters, "suppressed", 2),
            "retracted": _by(counters, "retracted", 2),
        },
    }


def history(metas: Sequence[PartitionMeta], days: Sequence[Mapping[int, Mapping[str, int]]]) -> list[Body]:
    """Return the customers by tier at the end of each day; a partition that was silent keeps its last counts."""
    newest = max((day for partition in days for day in partition), default=0)
    known = [{day: counts for day, counts in one.items() if day > newest - DAYS_MAX} for one in days]
    standing: list[Mapping[str, int]] = [{} for _ in known]
    moments: list[Body] = []
    for day in sorted({day for one in known for day in one}):
        standing = [one.get(day, before) for one, before in zip(known, standing, strict=True)]
        at = min((day + 1) * DAY_MICROSECONDS, _latest(metas))
        moments.append({"at": format_instant(at), "tiers": _summed(standing)})
    return moments


def _latest(metas: Sequence[PartitionMeta]) -> Instant:
    return max(meta.clock_at for meta in metas)


def _summed(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in counts:
        for name, count in one.items():
            total[name] = total.get(name, 0) + count
    return total


def _migrations(metas: Sequence[PartitionMeta]) -> list[Body]:
    moves = _summed({f"{a}\0{b}": n for a, onward in meta.moves.items() for b, n in onward.items()} for meta in metas)
    pairs = sorted((*name.split("\0"), count) for name, count in moves.items())
    return [{"from": before, "to": after, "count": count} for before, after, count in pairs]


def _by(counters: Mapping[str, int], what: str, part: int) -> dict[str, int]:
    """Return the counters ``what:...`` summed by one part of their names."""
    split = ((name.split(":"), count) for name, count in counters.items())
    return _summed({parts[part]: count} for parts, count in split if parts[0] == what)
