"""Scenarios of models and segments; worked out by hand."""

from __future__ import annotations

from tests.builders import Json
from tests.scenario import PROGRAM, Scenario, consent, instant, micros
from tests.scenario_steps import assigned, bought, cancelled, changed_rules

SNAPSHOT: Json = {
    "format": 2,
    "trained_at": 0,
    "customers": 100,
    "restarts": 0,
    "minor_per_major": 100,
    "edges": {
        "recency_days": [10, 20, 30, 40],
        "frequency": [1, 2, 3, 4],
        "monetary_minor": [2000, 4000, 6000, 8000],
        "aov_minor": [500, 1000, 1500, 2000],
    },
    "scaling": {"mean": [0, 0, 0, 0, 0], "deviation": [1, 1, 1, 1, 1]},
    "clusters": [
        {"id": 7, "name": "Stale", "centre": [3, 0, 0, 0, 0], "share": 0.5},
        {"id": 3, "name": "Fresh", "centre": [0, 0, 0, 0, 0], "share": 0.5},
    ],
    "hysteresis": 0.1,
    "budget_buyer": {"frequency_above": 0, "aov_minor_at_most": 0},
    "power_user": {"monetary_minor_above": 9000, "aov_minor_above": 9000},
    "value": {
        "orders": {"r": 1, "alpha": 90, "a": 2, "b": 1},
        "amounts": {"p": 1, "q": 2, "v": 10},
        "priced_by": "bg_nbd",
        "labels": 0,
        "correction": None,
    },
}


def model(version: int, at: str) -> Json:
    """Return the step that adopts the snapshot."""
    return {"step": "model", "at": micros(at), "version": version, "snapshot": SNAPSHOT}


def renamed(names: dict[str, str]) -> Json:
    """Return the next version of the program, with other names of levels."""
    tiers = PROGRAM["tiers"]
    assert isinstance(tiers, dict)
    levels = [level | {"name": names.get(level["name"], level["name"])} for level in tiers["levels"]]
    return PROGRAM | {"version": 2, "tiers": tiers | {"levels": levels}}


SCENARIOS = [
    # An order of 0: recency 0, frequency 1, nothing spent, so ln 2 in one feature and 0 in the others.
    Scenario(
        "the first model moves everybody from null, as of its adoption",
        [bought("o-1", "0", "03-01 12:00"), model(4, "03-01 18:00"), consent("03-01 20:00")],
        until="03-01 20:00",
        changes=[
            ("03-01 18:00", None, "Regulars", "model_update", None),
            ("03-01 18:00", None, "Fresh", "model_update", None),
            ("03-01 18:00", None, "Active Bronze", "model_update", None),
        ],
        bodies={
            "changes.0.criteria": [
                {"name": "r", "value": 5, "relation": ">=", "threshold": 3, "met": True},
                {"name": "f", "value": 1, "relation": ">=", "threshold": 3, "met": False},
            ],
            # f = 3 is two scores away; r = 2 (Dormant) and f or m = 4 (Loyal) are three.
            "changes.0.counterfactual": {
                "segment": "Potential Loyalist",
                "name": "frequency",
                "value": 1,
                "needed": 3,
            },
            # ln 2, the root of 9 + (ln 2) squared, and 0.9 times ln 2.
            "changes.1.criteria": [
                {"name": "distance", "value": 0.693147, "relation": "<", "threshold": 3.079034, "met": True}
            ],
            "changes.1.counterfactual": {
                "segment": "Stale",
                "name": "distance",
                "value": 3.079034,
                "needed": 0.623832,
            },
            "changes.2.counterfactual": {"segment": "Dormant Bronze", "name": "r", "value": 5, "needed": 2},
            "changes.2.change_id": "d3d65d0c5583aad4924dc8a9c1a34b7e",
        },
        state={
            "rfm.scores": {"r": 5, "f": 1, "m": 1},
            "segment.traits": ["Budget Buyer"],
            "segment.since": instant("03-01 18:00"),
            "model_version": 4,
            # Gone with a chance of density 2p after the only order, and active the rate has density exp(-rate) in
            # units of 90 days: orders are the integral of 2p (1 - 1 / (1 + p)) / p, which is 2 (1 - ln 2), at
            # 1 * (10 + 0) / (1 * 1 + 2 - 1) = 5 each.
            "clv_90d": "3.07",
        },
    ),
    Scenario(
        "a record before the adoption is scored with the model before, and the last order takes the segments along",
        [
            bought("o-1", "0", "03-01 12:00"),
            model(4, "03-01 18:00"),
            consent("03-01 15:00"),
            cancelled("o-1", "03-02"),
        ],
        until="03-02",
        changes=[
            ("03-01 18:00", None, "Regulars", "model_update", None),
            ("03-01 18:00", None, "Fresh", "model_update", None),
            ("03-01 18:00", None, "Active Bronze", "model_update", None),
            ("03-02", "Regulars", None, "refund", "o-1"),
            ("03-02", "Fresh", None, "refund", "o-1"),
            ("03-02", "Active Bronze", None, "refund", "o-1"),
        ],
        bodies={"changes.3.criteria": [], "changes.3.counterfactual": None, "changes.3.model_version": 4},
        state={
            "segment.rfm": None,
            "segment.traits": [],
            "segment.since": instant("03-02"),
            "model_version": 4,
            "clv_90d": None,
        },
    ),
    Scenario(
        "a renamed level is the same rung: a manual tier stays, and the persona follows",
        [
            bought("o-1", "0", "03-01 12:00"),
            assigned("gold", "03-10", "03-01 13:00"),
            model(4, "03-01 18:00"),
            {"step": "tick", "at": micros("03-01 18:00")},
            changed_rules("03-02", renamed({"gold": "aurum"})),
        ],
        until="03-02",
        changes=[
            ("03-01 13:00", "bronze", "gold", "manual", None),
            ("03-01 18:00", None, "Regulars", "model_update", None),
            ("03-01 18:00", None, "Fresh", "model_update", None),
            ("03-01 18:00", None, "Active Gold", "model_update", None),
            ("03-02", "gold", "aurum", "program_change", None),
            ("03-02", "Active Gold", "Active Aurum", "program_change", None),
        ],
        state={"tier.name": "aurum", "segment.persona": "Active Aurum", "segment.since": instant("03-02")},
    ),
]
