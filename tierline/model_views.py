"""Models as data for people and programs: raw units and money as text, as everywhere."""

from decimal import Decimal
from math import expm1

from models.drift import centre_shifts, share_shift
from schemas.features import Features
from schemas.instants import format_instant
from schemas.snapshot import Cluster, Snapshot
from streams.model_versions import ModelVersions
from tierline.console import Json

EDGES = ("recency_days", "frequency", "monetary", "aov")
CENTRES = ("recency_days", "frequency", "monetary", "aov", "tenure_days")


def list_view(versions: ModelVersions) -> dict[str, Json]:
    """Return all versions, oldest first; which one workers use as soon as they can, and where they are frozen."""
    return {
        "current": versions.to_adopt() if versions.to_adopt() in versions.snapshots else None,
        "frozen_at": versions.frozen_at,
        "versions": [
            {
                **_head(version, snapshot),
                "clusters": [{"name": one.name, "share": one.share} for one in snapshot.clusters],
            }
            for version, snapshot in versions.snapshots.items()
        ],
    }


def card_view(version: int, snapshot: Snapshot) -> dict[str, Json]:
    """Return all that the model says of customers."""
    unit, budget, power = snapshot.minor_per_major, snapshot.budget_buyer, snapshot.power_user
    return {
        **_head(version, snapshot),
        "edges": _edges(snapshot),
        "clusters": [
            {"id": one.id, "name": one.name, "share": one.share, "centre": _raw(one.centre, unit)}
            for one in snapshot.clusters
        ],
        "hysteresis": snapshot.hysteresis,
        "traits": {
            "Budget Buyer": {
                "frequency_above": budget.frequency_above, "aov_at_most": _money(budget.aov_minor_at_most, unit),
            },
            "Power User": {
                "monetary_above": _money(power.monetary_minor_above, unit),
                "aov_above": _money(power.aov_minor_above, unit),
            },
        },
    }  # fmt: skip


def comparison_view(before: tuple[int, Snapshot], after: tuple[int, Snapshot]) -> dict[str, Json]:
    """Return what moved between two versions."""
    (old_version, old), (new_version, new) = before, after
    shifts = centre_shifts(old, new)
    by_id: tuple[dict[int, Cluster], ...] = tuple({one.id: one for one in each.clusters} for each in (old, new))
    return {
        "from": old_version,
        "to": new_version,
        "centre_shift": max(shifts.values(), default=None),
        "share_shift": share_shift(old, new),
        "edges": {name: {"from": _edges(old)[name], "to": _edges(new)[name]} for name in EDGES},
        "clusters": [
            {
                "id": one,
                "name": {"from": _name(by_id[0].get(one)), "to": _name(by_id[1].get(one))},
                "share": {"from": _share(by_id[0].get(one)), "to": _share(by_id[1].get(one))},
                "centre_shift": shifts.get(one),
            }
            for one in sorted(by_id[0] | by_id[1])
        ],
    }


def _head(version: int, snapshot: Snapshot) -> dict[str, Json]:
    return {
        "version": version,
        "trained_at": format_instant(snapshot.trained_at),
        "customers": snapshot.customers,
        "restarts": snapshot.restarts,
        "rolled_back_to": snapshot.rollback.to if snapshot.rollback else None,
    }


def _edges(snapshot: Snapshot) -> dict[str, Json]:
    edges, unit = snapshot.edges, snapshot.minor_per_major
    return {
        "recency_days": list(edges.recency_days),
        "frequency": list(edges.frequency),
        "monetary": [_money(minor, unit) for minor in edges.monetary_minor],
        "aov": [_money(minor, unit) for minor in edges.aov_minor],
    }


def _raw(centre: Features, unit: int) -> dict[str, Json]:
    """A centre is a mean of logs: what it is in raw units is a typical customer, not an average one."""
    recency, frequency, monetary, aov, tenure = map(expm1, centre)
    return {
        "recency_days": round(recency, 1),
        "frequency": round(frequency, 1),
        "monetary": _money(round(monetary * unit), unit),
        "aov": _money(round(aov * unit), unit),
        "tenure_days": round(tenure, 1),
    }


def _money(minor: int, minor_per_major: int) -> str:
    digits = len(str(minor_per_major)) - 1
    return f"{Decimal(minor).scaleb(-digits):.{digits}f}"


def _name(cluster: Cluster | None) -> str | None:
    return None if cluster is None else cluster.name


def _share(cluster: Cluster | None) -> float | None:
    return None if cluster is None else cluster.share
