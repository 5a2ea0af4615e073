"""The program at a glance: partitions' counts summed up. No customer is looked at."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.instants import DAY_MICROSECONDS, Instant, format_instant
from schemas.program import Program
from state.bodies import Body
from state.meta import DayCounts, PartitionMeta
from state.segments import SegmentRules, segment_rules_of
from state.standing import SCHEMES
from state.store import DAYS_MAX

_FATES: Final = ("applied", "duplicate", "erased")


@dataclass(frozen=True, slots=True)
class Look:
    """What all partitions said of themselves at one moment: the metas of those that have been started, and the lag."""

    metas: Sequence[PartitionMeta]
    lag: int | None
    """Records not yet taken in all partitions together; None where one has no fresh figure."""


def overview(look: Look, orders_per_second: float) -> Body:
    """Return the overview without its ``history``; at least one partition has been started."""
    metas = look.metas
    current = max((Program.from_json(meta.program) for meta in metas), key=lambda program: program.version)
    tiers = _summed(meta.customers_by_tier for meta in metas)
    names = [level.name for level in current.tiers.levels]
    names = _with_others(names, tiers)
    counters = _summed(meta.counters for meta in metas)
    return {
        "as_of": format_instant(_latest(metas)),
        "program_version": current.version_id,
        "model": _model(metas, counters),
        "customers": sum(tiers.values()),
        "records": sum(n for name, n in counters.items() if name in _FATES or name.startswith("dead:")),
        "orders_per_second": round(orders_per_second, 1),
        "lag": look.lag,
        "tiers": _named(tiers, names),
        "segments": _segments(metas, names, segment_rules_of(current.segments)),
        "migrations": _migrations([meta.moves for meta in metas]),
        "segment_migrations": {
            scheme: _migrations([meta.segment_moves.get(scheme, {}) for meta in metas]) for scheme in SCHEMES
        },
        "nudges": {
            "issued": _by(counters, "issued", 1),
            "suppressed": _by(counters, "suppressed", 2),
            "retracted": _by(counters, "retracted", 2),
        },
    }


def history(metas: Sequence[PartitionMeta], days: Sequence[Mapping[int, DayCounts]]) -> list[Body]:
    """Return the customers by tier and segment at each day's end; a partition that was silent keeps its last counts."""
    newest = max((day for partition in days for day in partition), default=0)
    known = [{day: counts for day, counts in one.items() if day > newest - DAYS_MAX} for one in days]
    standing = [DayCounts({}) for _ in known]
    moments: list[Body] = []
    for day in sorted({day for one in known for day in one}):
        standing = [one.get(day, before) for one, before in zip(known, standing, strict=True)]
        at = min((day + 1) * DAY_MICROSECONDS, _latest(metas))
        moments.append({"at": format_instant(at), **_counted(standing)})
    return moments


def _counted(standing: Sequence[DayCounts]) -> Body:
    segments = {scheme: _summed(one.segments.get(scheme, {}) for one in standing) for scheme in SCHEMES}
    return {"tiers": _summed(one.tiers for one in standing), "segments": segments}


def _model(metas: Sequence[PartitionMeta], counters: Mapping[str, int]) -> Body:
    """Tell the version by partitions, and of the highest one what prices: it reaches all of them within seconds."""
    versions = [meta.model for meta in metas]
    lowest, highest = (None if version < 0 else version for version in (min(versions), max(versions)))
    newest = max(metas, key=lambda meta: (meta.model, meta.priced_by is not None))
    return {
        "lowest": lowest,
        "highest": highest,
        "adoptions": counters.get("adoptions", 0),
        "priced_by": newest.priced_by,
        "labels": newest.labels,
    }


def _segments(metas: Sequence[PartitionMeta], tiers: Sequence[str], rules: SegmentRules) -> Body:
    """Return the customers by segment in the order in which a reader expects the names; nobody is anywhere at first."""
    counts = {scheme: _summed(meta.customers_by_segment.get(scheme, {}) for meta in metas) for scheme in SCHEMES}
    ordered = {
        "rfm": list(rules.names) if counts["rfm"] else [],
        "cluster": sorted(counts["cluster"]),
        "persona": [name for tier in tiers for name in rules.personas_of(tier) if name in counts["persona"]],
    }
    return {scheme: _named(counts[scheme], _with_others(names, counts[scheme])) for scheme, names in ordered.items()}


def _named(counts: Mapping[str, int], names: Sequence[str]) -> list[Body]:
    return [{"name": name, "customers": counts.get(name, 0)} for name in names]


def _with_others(names: Sequence[str], counts: Mapping[str, int]) -> list[str]:
    """Return ``names`` and behind them those that only former rules know."""
    return [*names, *sorted(set(counts) - set(names))]


def _latest(metas: Sequence[PartitionMeta]) -> Instant:
    return max(meta.clock_at for meta in metas)


def _summed(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in counts:
        for name, count in one.items():
            total[name] = total.get(name, 0) + count
    return total


def _migrations(partitions: Iterable[Mapping[str, Mapping[str, int]]]) -> list[Body]:
    moves = _summed({f"{a}\0{b}": n for a, onward in one.items() for b, n in onward.items()} for one in partitions)
    pairs = sorted((*name.split("\0"), count) for name, count in moves.items())
    return [{"from": before, "to": after, "count": count} for before, after, count in pairs]


def _by(counters: Mapping[str, int], what: str, part: int) -> dict[str, int]:
    """Return the counters ``what:...`` summed by one part of their names."""
    split = ((name.split(":"), count) for name, count in counters.items())
    return _summed({parts[part]: count} for parts, count in split if parts[0] == what)
