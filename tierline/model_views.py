"""Models as data for people and programs: raw units and money as text, as everywhere."""

from models.drift import centre_shifts, share_shift
from schemas.drift import Drift, values_of
from schemas.instants import format_instant
from schemas.raw_units import money_text, raw_units
from schemas.snapshot import Cluster, Snapshot
from schemas.value import Value
from streams.model_versions import ModelVersions
from tierline.console import Json

EDGES = ("recency_days", "frequency", "monetary", "aov")
CENTRES = ("recency_days", "frequency", "monetary", "aov", "tenure_days")
WEIGHTS = ("constant", *CENTRES, "spend_28_days", "spend_91_days")


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
            {"id": one.id, "name": one.name, "share": one.share, "centre": {**raw_units(one.centre, unit)}}
            for one in snapshot.clusters
        ],
        "drift": None if snapshot.drift is None else _drift(snapshot.drift, snapshot.minor_per_major),
        "hysteresis": snapshot.hysteresis,
        "fresher_hysteresis": snapshot.fresher_hysteresis,
        "value": None if snapshot.value is None else _value(snapshot.value),
        "traits": {
            "Budget Buyer": {
                "frequency_above": budget.frequency_above, "aov_at_most": money_text(budget.aov_minor_at_most, unit),
            },
            "Power User": {
                "monetary_above": money_text(power.monetary_minor_above, unit),
                "aov_above": money_text(power.aov_minor_above, unit),
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
        "priced_by": None if snapshot.value is None else snapshot.value.priced_by,
        "labels": 0 if snapshot.value is None else snapshot.value.labels,
        "rolled_back_to": snapshot.rollback.to if snapshot.rollback else None,
    }


def _edges(snapshot: Snapshot) -> dict[str, Json]:
    edges, unit = snapshot.edges, snapshot.minor_per_major
    return {
        "recency_days": list(edges.recency_days),
        "frequency": list(edges.frequency),
        "monetary": [money_text(minor, unit) for minor in edges.monetary_minor],
        "aov": [money_text(minor, unit) for minor in edges.aov_minor],
    }


def _value(value: Value) -> dict[str, Json]:
    correction, parameters = value.correction, (value.orders, value.amounts)
    orders, amounts = ({name: getattr(one, name) for name in one.__struct_fields__} for one in parameters)
    return {
        "orders": orders,
        "amounts": amounts,
        "correction": None if correction is None else dict(zip(WEIGHTS, correction.weights, strict=True)),
    }


def _drift(drift: Drift, unit: int) -> dict[str, Json]:
    group = drift.emerging
    profile: dict[str, Json] | None = None if group is None else {**raw_units(group.centre, unit)}
    return {
        **{str(measure): value for measure, value in values_of(drift).items()},
        "usual_distance": drift.usual_distance,
        "has_restarted": drift.has_restarted,
        "above_limit": list(drift.above),
        "emerging": None if group is None else {"customers": group.customers, "share": group.share, "profile": profile},
    }


def _name(cluster: Cluster | None) -> str | None:
    return None if cluster is None else cluster.name


def _share(cluster: Cluster | None) -> float | None:
    return None if cluster is None else cluster.share
