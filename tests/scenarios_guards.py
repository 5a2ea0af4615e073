"""Scenarios of the guardrails, in their order, and of waiting; worked out by hand."""

from __future__ import annotations

from tests.builders import Json, a_consent, a_profile, a_return
from tests.scenario import Scenario, consent, instant, step, with_rules
from tests.scenarios_tiers import assigned, bought, refunded

DAILY: Json = {"caps": {"per_day": 1, "per_week": 99, "per_kind_and_week": 99}}
KIND_WEEKLY: Json = {"caps": {"per_day": 99, "per_week": 99, "per_kind_and_week": 1}}
WEEKLY: Json = {"caps": {"per_day": 99, "per_week": 1, "per_kind_and_week": 99}}
QUIET: Json = {"quiet_hours": {"from": "21:00", "to": "08:00"}}
NEAR = ("03-01 12:00", "tier_near")


def says(granted: bool, at: str, **fields: object) -> Json:
    """Return the step of a consent."""
    return step(a_consent(granted, instant(at), **fields), at)


def returned(return_id: str, order_id: str, at: str) -> Json:
    """Return the step of a return."""
    return step(a_return(return_id, order_id, instant(at)), at)


def mode(kind: str, value: str) -> Json:
    """Return rules with the mode of one kind."""
    return with_rules(nudges={"kinds": {"tier_at_risk": {"warn_days": [7, 3]}, kind: {"mode": value}}})


SCENARIOS = [
    Scenario(
        "trap 12: before the first start nothing is sent; it waits and is asked again",
        [consent(), bought("o-1", "90", "03-01 12:00"), bought("o-2", "1", "03-02")],
        until="03-03",
        started_at="03-02",
        suppressions=[("03-01 12:00", "tier_near", "backfill")],
        nudges=[("03-02", "tier_near")],
        bodies={
            "nudges.0.nudge_id": "5bf39d1da52421ef727274a055cdaa48",
            "suppressions.0.nudge_id": "18784c16d7c07bc8afb0527400c0ddfd",
        },
    ),
    Scenario(
        "trap 12: due moments before the first start are withheld too",
        [consent(), bought("o-1", "100", "03-01 12:00")],
        until="03-28",
        started_at="03-28",
        suppressions=[("03-01 12:00", "tier_upgraded", "backfill"), ("03-24", "tier_at_risk", "backfill")],
        nudges=[("03-28", "tier_at_risk")],
    ),
    Scenario(
        "a record of 48 h is no bulk load",
        [consent(), bought("o-1", "90", "03-03 12:00", "03-01 12:00")],
        until="03-04",
        nudges=[("03-03 12:00", "tier_near")],
    ),
    Scenario(
        "a record strictly over 48 h old is one",
        [consent(), bought("o-1", "90", "03-03 12:00:01", "03-01 12:00")],
        until="03-04",
        nudges=[],
        suppressions=[("03-03 12:00:01", "tier_near", "backfill")],
    ),
    Scenario(
        "a kill switch withholds and disarms",
        [consent(), bought("o-1", "90", "03-01 12:00"), bought("o-2", "1", "03-02 12:00")],
        until="03-03",
        program=mode("tier_near", "dry_run"),
        nudges=[],
        suppressions=[("03-01 12:00", "tier_near", "dry_run")],
    ),
    Scenario(
        "a kill switch withholds service messages too",
        [consent(), bought("o-1", "100", "03-01 12:00")],
        until="03-02",
        program=mode("tier_upgraded", "dry_run"),
        suppressions=[("03-01 12:00", "tier_upgraded", "dry_run")],
    ),
    Scenario(
        "off makes no candidates",
        [consent(), bought("o-1", "90", "03-01 12:00")],
        until="03-02",
        program=mode("tier_near", "off"),
        nudges=[],
        suppressions=[],
    ),
    Scenario(
        "none on record means no consent, for service messages too",
        [bought("o-1", "90", "03-01 12:00"), bought("o-2", "10", "03-02 12:00")],
        until="03-03",
        nudges=[],
        suppressions=[("03-01 12:00", "tier_near", "no_consent"), ("03-02 12:00", "tier_upgraded", "no_consent")],
    ),
    Scenario(
        "one granted channel is enough, and a record for all forgets the single ones",
        [
            says(True, "03-01", channel="email"),
            bought("o-1", "90", "03-01 12:00"),
            says(False, "03-02", channel="all"),
            bought("o-2", "10", "03-02 12:00"),
            says(True, "03-03", channel="push"),
            bought("o-3", "95", "03-03 12:00"),
        ],
        until="03-04",
        # 195 of 200 on 3 March: near gold.
        nudges=[NEAR, ("03-02 12:00", "tier_near", "reached"), ("03-03 12:00", "tier_near")],
        suppressions=[("03-02 12:00", "tier_upgraded", "no_consent")],
    ),
    Scenario(
        "an open return is served first; service messages go out",
        [
            consent(),
            returned("b-1", "o-9", "03-01 10:00"),
            bought("o-1", "90", "03-01 12:00"),
            bought("o-2", "10", "03-02 12:00"),
        ],
        until="03-03",
        suppressions=[("03-01 12:00", "tier_near", "service_recovery")],
        nudges=[("03-02 12:00", "tier_upgraded")],
    ),
    Scenario(
        "a refund of the order closes its return",
        [
            consent(),
            returned("b-1", "o-9", "03-01 10:00"),
            refunded("r-1", "o-9", "5", "03-01 11:00"),
            bought("o-1", "90", "03-01 12:00"),
        ],
        until="03-02",
        nudges=[NEAR],
    ),
    Scenario(
        "30 days close a return",
        [consent(), returned("b-1", "o-9", "03-01 10:00"), bought("o-1", "90", "03-31")],
        until="04-01",
        nudges=[("03-31", "tier_near")],
    ),
    Scenario(
        "on its 30th day a return is still open",
        [consent(), returned("b-1", "o-9", "03-01 10:00"), bought("o-1", "90", "03-30 23:59")],
        until="03-31",
        nudges=[],
        suppressions=[("03-30 23:59", "tier_near", "service_recovery")],
    ),
    Scenario(
        "trap 9: u(tierline:c-1) decides, today and tomorrow",
        [consent(), bought("o-1", "90", "03-01 12:00"), bought("o-2", "10", "03-02 12:00")],
        until="03-03",
        program=with_rules(nudges={"holdout": {"salt": "tierline", "share": 0.574}}),
        suppressions=[("03-01 12:00", "tier_near", "holdout")],
        nudges=[("03-02 12:00", "tier_upgraded")],
    ),
    Scenario(
        "trap 9: a share just below the bucket lets it through",
        [consent(), bought("o-1", "90", "03-01 12:00")],
        until="03-02",
        program=with_rules(nudges={"holdout": {"salt": "tierline", "share": 0.573}}),
        nudges=[NEAR],
    ),
    Scenario(
        "less than 24 h after another is one too many; it waits for the next order",
        [
            consent(),
            bought("o-1", "90", "03-01 12:00"),
            bought("o-2", "95", "03-02 11:59:59"),
            says(True, "03-03"),
            bought("o-3", "1", "03-03 12:00"),
        ],
        until="03-04",
        program=with_rules(nudges=DAILY),
        suppressions=[("03-02 11:59:59", "tier_near", "cap")],
        nudges=[
            NEAR,
            ("03-02 11:59:59", "tier_upgraded"),
            ("03-02 11:59:59", "tier_near", "reached"),
            ("03-03 12:00", "tier_near"),
        ],
    ),
    Scenario(
        "exactly 24 h apart is allowed",
        [consent(), bought("o-1", "90", "03-01 12:00"), bought("o-2", "95", "03-02 12:00")],
        until="03-03",
        program=with_rules(nudges=DAILY),
        suppressions=[],
    ),
    Scenario(
        "within 7 local days one of a kind",
        [consent(), bought("o-1", "90", "03-01 12:00"), bought("o-2", "95", "03-07 23:59")],
        until="03-08",
        program=with_rules(nudges=KIND_WEEKLY),
        suppressions=[("03-07 23:59", "tier_near", "cap")],
    ),
    Scenario(
        "exactly 7 local days apart is allowed",
        [consent(), bought("o-1", "90", "03-01 12:00"), bought("o-2", "95", "03-08")],
        until="03-08 01:00",
        program=with_rules(nudges=WEEKLY),
        suppressions=[],
    ),
    Scenario(
        "a repeat does not ask; far ends the waiting",
        [
            consent(),
            bought("o-1", "90", "03-01 12:00"),
            bought("o-2", "95", "03-01 13:00"),
            bought("o-2", "95", "03-03 12:00"),
            refunded("r-1", "o-2", "20", "03-03 13:00"),
            bought("o-3", "20", "03-03 14:00"),
        ],
        until="03-04",
        program=with_rules(nudges=DAILY),
        # 185 of 200 waits; the repeat does not ask; 165 is far and ends the waiting; 185 again is a new candidate.
        suppressions=[("03-01 13:00", "tier_near", "cap")],
        nudges=[
            NEAR,
            ("03-01 13:00", "tier_upgraded"),
            ("03-01 13:00", "tier_near", "reached"),
            ("03-03 14:00", "tier_near"),
        ],
    ),
    Scenario(
        "of two candidates of one decision tier_at_risk goes first",
        [
            consent(),
            bought("o-1", "100", "03-01 12:00"),
            assigned("platinum", "03-24", "03-02 12:00"),
            bought("o-2", "85", "03-03 12:00"),
        ],
        until="03-24",
        program=with_rules(nudges=DAILY),
        nudges=[
            ("03-01 12:00", "tier_upgraded"),
            ("03-02 12:00", "tier_upgraded"),
            ("03-02 12:00", "tier_upgraded", "tier_changed"),
            ("03-24", "tier_downgraded"),
            ("03-24", "tier_at_risk"),
        ],
        suppressions=[("03-24", "tier_near", "priority")],
    ),
    Scenario(
        "21:00 is quiet: sent at 08:00",
        [consent(), bought("o-1", "90", "03-01 21:00")],
        until="03-02",
        program=with_rules(nudges=QUIET),
        bodies={"nudges.0.not_before": "2017-03-02T08:00:00Z", "nudges.0.at": "2017-03-01T21:00:00Z"},
    ),
    Scenario(
        "08:00 is not",
        [consent(), bought("o-1", "90", "03-01 08:00")],
        until="03-02",
        program=with_rules(nudges=QUIET),
        bodies={"nudges.0.not_before": "2017-03-01T08:00:00Z"},
    ),
    Scenario(
        "quiet hours are the customer's",
        [
            consent(),
            step(a_profile(instant("03-01"), time_zone="Asia/Tokyo"), "03-01"),
            bought("o-1", "90", "03-01 12:00"),
        ],
        until="03-02",
        program=with_rules(nudges=QUIET),
        # 12:00Z is 21:00 in Tokyo; 08:00 there is 23:00Z.
        bodies={"nudges.0.not_before": "2017-03-01T23:00:00Z"},
    ),
    Scenario(
        "trap 10: 23:00 and 00:30 are one too many",
        [consent(), bought("o-1", "90", "03-01 23:00"), bought("o-2", "95", "03-02 00:30")],
        until="03-03",
        program=with_rules(nudges=QUIET | DAILY),
        suppressions=[("03-02 00:30", "tier_near", "cap")],
    ),
    Scenario(
        "trap 11: a cap never defers; without another order nothing comes later",
        [consent(), bought("o-1", "90", "03-01 12:00"), bought("o-2", "95", "03-01 13:00")],
        until="03-23",
        program=with_rules(nudges=DAILY),
        nudges=[NEAR, ("03-01 13:00", "tier_upgraded"), ("03-01 13:00", "tier_near", "reached")],
    ),
    Scenario(
        "what cannot be sent before it is over is not sent",
        [
            consent(),
            bought("o-1", "100", "03-01 12:00"),
            bought("o-2", "100", "03-30 12:00"),
            refunded("r-1", "o-2", "100", "03-30 22:00"),
        ],
        until="04-01",
        program=with_rules({"grace_days": 1}, QUIET),
        # Silver's old term is over on 31 March 22:00; its grace ends at midnight, before the quiet hours do.
        suppressions=[("03-31 22:00", "tier_at_risk", "quiet_hours_expired")],
        changes=[
            ("03-01 12:00", "bronze", "silver", "order", "o-1"),
            ("03-30 12:00", "silver", "gold", "order", "o-2"),
            ("03-31 22:00", "gold", "silver", "refund", "r-1"),
            ("04-01", "silver", "bronze", "time", None),
        ],
    ),
]
