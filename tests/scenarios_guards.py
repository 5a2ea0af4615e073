"""Scenarios of the guardrails that ask nothing about other nudges, in their order; worked out by hand."""

from __future__ import annotations

from tests.builders import Json
from tests.scenario import Scenario, consent, with_rules
from tests.scenario_steps import NEAR, bought, refunded, returned, says


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
]
