"""What a snapshot has to say to operators: CloudEvents on `loyalty.alerts.v1`, and a line of the log each.

All of it follows from the snapshot, so that a trainer that takes over says the same.
"""

import hashlib
from typing import Final

from schemas.drift import Notice
from schemas.instants import format_instant
from schemas.snapshot import Snapshot
from schemas.topics import ALERTS
from state.bodies import Message
from state.outputs import Output, output_of

DRIFT_NOTICED: Final = "drift.noticed"
_WORDS: Final = {
    "centre_shift": "a cluster's centre moved by {value:.3f} deviations, more than {limit:.3f}",
    "share_shift": "{value:.1%} of the customers are in other clusters by the shares, more than {limit:.1%}",
    "label_churn": "{value:.1%} of the customers are nearest to another cluster with the same facts, over {limit:.1%}",
    "unassigned_distance": "customers are {value:.3f} deviations from the nearest centre on average, over {limit:.3f}",
}


def alerts_of(snapshot: Snapshot, version: int) -> list[Output]:
    """Return the events of a snapshot that got this version, keyed by what they are about."""
    return [_drift_noticed(snapshot, version, notice) for notice in _notices(snapshot)]


def alert_lines(snapshot: Snapshot) -> list[str]:
    """Return the same in words."""
    return [_WORDS[one.measure].format(value=one.value, limit=one.limit) for one in _notices(snapshot)]


def _notices(snapshot: Snapshot) -> tuple[Notice, ...]:
    return () if snapshot.drift is None else snapshot.drift.noticed


def _drift_noticed(snapshot: Snapshot, version: int, notice: Notice) -> Output:
    alert_id, at = _id(snapshot, notice.measure), format_instant(snapshot.trained_at)
    body = {
        "type": DRIFT_NOTICED,
        "alert_id": alert_id,
        "at": at,
        "model_version": version,
        "measure": notice.measure,
        "value": notice.value,
        "limit": notice.limit,
        "customers": snapshot.customers,
    }
    return output_of(Message(ALERTS, alert_id, DRIFT_NOTICED, at, body), notice.measure)


def _id(snapshot: Snapshot, about: str) -> str:
    """The samples that a snapshot was made from tell it from every other one."""
    return hashlib.sha256(f"{about}|{snapshot.samples_until}|{snapshot.trained_at}".encode()).hexdigest()[:32]
