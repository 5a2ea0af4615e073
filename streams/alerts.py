"""What a snapshot has to say to operators: CloudEvents on `loyalty.alerts.v1`, and a line of the log each.

All of it follows from the snapshot, so that a trainer that takes over says the same.
"""

import hashlib
from collections.abc import Mapping
from typing import Final

from schemas.drift import Emerging, Notice
from schemas.instants import format_instant
from schemas.raw_units import raw_units
from schemas.snapshot import Snapshot
from schemas.topics import ALERTS
from state.bodies import Message
from state.outputs import Output, output_of

DRIFT_NOTICED: Final = "drift.noticed"
SEGMENT_EMERGED: Final = "segment.emerged"
_WORDS: Final = {
    "centre_shift": "a cluster's centre moved by {value:.3f} deviations, more than {limit:.3f}",
    "share_shift": "{value:.1%} of the customers are in other clusters by the shares, more than {limit:.1%}",
    "label_churn": "{value:.1%} of the customers are nearest to another cluster with the same facts, over {limit:.1%}",
    "unassigned_distance": "customers are {value:.3f} deviations from the nearest centre on average, over {limit:.3f}",
}


def alerts_of(snapshot: Snapshot, version: int) -> list[Output]:
    """Return the events of a snapshot that got this version, keyed by what they are about."""
    drifts = [_drift_noticed(snapshot, version, notice) for notice in _notices(snapshot)]
    group = _emerged(snapshot)
    return drifts if group is None else [*drifts, _segment_emerged(snapshot, version, group)]


def alert_lines(snapshot: Snapshot) -> list[str]:
    """Return the same in words."""
    lines = [_WORDS[one.measure].format(value=one.value, limit=one.limit) for one in _notices(snapshot)]
    group = _emerged(snapshot)
    return lines if group is None else [*lines, _in_words(group, snapshot.minor_per_major)]


def _notices(snapshot: Snapshot) -> tuple[Notice, ...]:
    return () if snapshot.drift is None else snapshot.drift.noticed


def _emerged(snapshot: Snapshot) -> Emerging | None:
    group = None if snapshot.drift is None else snapshot.drift.emerging
    return group if group is not None and group.is_new else None


def _in_words(group: Emerging, minor_per_major: int) -> str:
    of = raw_units(group.centre, minor_per_major)
    return (
        f"{group.customers} customers are far from every cluster and near to each other, typically {of['frequency']:g} "
        f"orders for {of['monetary']}, the last {of['recency_days']:g} and the first {of['tenure_days']:g} days ago"
    )


def _drift_noticed(snapshot: Snapshot, version: int, notice: Notice) -> Output:
    body = {"measure": notice.measure, "value": notice.value, "limit": notice.limit, "customers": snapshot.customers}
    return _event(snapshot, version, DRIFT_NOTICED, notice.measure, body)


def _segment_emerged(snapshot: Snapshot, version: int, group: Emerging) -> Output:
    profile = raw_units(group.centre, snapshot.minor_per_major)
    body = {"customers": group.customers, "share": group.share, "profile": profile}
    return _event(snapshot, version, SEGMENT_EMERGED, "emerging_segment", body)


def _event(snapshot: Snapshot, version: int, kind: str, about: str, body: Mapping[str, object]) -> Output:
    alert_id, at = _id(snapshot, about), format_instant(snapshot.trained_at)
    head = {"type": kind, "alert_id": alert_id, "at": at, "model_version": version}
    return output_of(Message(ALERTS, alert_id, kind, at, {**head, **body}), about)


def _id(snapshot: Snapshot, about: str) -> str:
    """The samples that a snapshot was made from tell it from every other one."""
    return hashlib.sha256(f"{about}|{snapshot.samples_until}|{snapshot.trained_at}".encode()).hexdigest()[:32]
