"""One example of everything that crosses the boundary; the published contracts show them and a test validates them."""

from typing import TypeAlias

from pydantic import JsonValue

Example: TypeAlias = dict[str, JsonValue]

_ORDER: Example = {"customer_id": "c-42", "occurred_at": "2026-03-01T09:30:00Z", "order_id": "o-1001"}
_CONSENT: Example = {"customer_id": "c-42", "occurred_at": "2026-03-01T09:30:00Z"}
_DECIDED: Example = {"customer_id": "c-42", "at": "2026-03-01T09:30:02.117Z", "program_version": "1.338234d8be51"}
_ID = "0123456789abcdef0123456789abcdef"

INPUTS: dict[str, Example] = {
    "order.placed": {
        "type": "order.placed",
        **_ORDER,
        "amount": "129.90",
        "currency": "USD",
        "channel": "web",
        "lines": [{"sku": "kettle-1", "category": "kitchen", "quantity": 1, "amount": "129.90"}],
    },
    "order.cancelled": {"type": "order.cancelled", **_ORDER, "reason": "out of stock"},
    "order.reinstated": {"type": "order.reinstated", **_ORDER},
    "order.refunded": {
        "type": "order.refunded",
        **_ORDER,
        "refund_id": "r-77",
        "amount": "29.90",
        "currency": "USD",
    },
    "order.returned": {
        "type": "order.returned",
        **_ORDER,
        "return_id": "rt-5",
        "lines": [{"sku": "kettle-1", "category": "kitchen", "quantity": 1}],
    },
    "consent.changed": {"type": "consent.changed", **_CONSENT, "granted": True, "channel": "email"},
    "profile.updated": {"type": "profile.updated", **_CONSENT, "time_zone": "Europe/Berlin", "country": "DE"},
    "tier.assigned": {
        "type": "tier.assigned",
        **_CONSENT,
        "tier": "gold",
        "until": "2026-12-31T23:00:00Z",
        "reason": "goodwill after a lost parcel",
    },
    "customer.erased": {"type": "customer.erased", **_CONSENT},
}
"""By event type."""

_NUDGE: Example = {
    "type": "nudge.issued",
    "nudge_id": _ID,
    "kind": "tier_near",
    **_DECIDED,
    "tier": "silver",
    "next_tier": "gold",
    "missing": {"spend": "37.00", "orders": 1},
    "progress": {"spend": 0.963, "orders": 0.875},
    "cheapest_path": "spend",
    "not_before": "2026-03-01T09:30:02.117Z",
    "expires_at": "2026-03-15T09:30:02.117Z",
    "incentive": None,
    "segment": None,
    "clv_90d": None,
    "because": [
        {"name": "spend", "value": "963.00", "threshold": "1000.00"},
        {"name": "orders", "value": 7, "threshold": 8},
    ],
    "trigger": {"kind": "order", "id": "o-1001"},
}
OUTPUTS: dict[str, Example] = {
    "nudge.issued": _NUDGE,
    "nudge.retracted": {
        "type": "nudge.retracted",
        "nudge_id": _ID,
        **_DECIDED,
        "kind": "tier_near",
        "reason": "reached",
    },
    "nudge.suppressed": {
        "type": "nudge.suppressed",
        "nudge_id": _ID,
        **_DECIDED,
        "kind": "tier_near",
        "reason": "holdout",
        "nudge": _NUDGE,
    },
    "tier.changed": {
        "type": "tier.changed",
        "change_id": _ID,
        **_DECIDED,
        "from": "bronze",
        "to": "silver",
        "skipped": [],
        "trigger": {"kind": "order", "id": "o-1001"},
        "criteria": [
            {"name": "spend", "value": "512.40", "threshold": "500.00", "met": True},
            {"name": "orders", "value": 3, "threshold": 4, "met": False},
        ],
        "counterfactual": {"level": "gold", "missing": {"spend": "487.60", "orders": 5}},
        "term": {"starts_at": "2026-03-01T00:00:00Z", "ends_at": "2027-03-01T00:00:00Z"},
    },
    "segment.changed": {
        "type": "segment.changed",
        "change_id": _ID,
        **_DECIDED,
        "scheme": "rfm",
        "from": "Regulars",
        "to": "VIP",
        "trigger": {"kind": "model_update", "id": None},
        "criteria": [
            {"name": "r", "value": 5, "relation": ">=", "threshold": 4, "met": True},
            {"name": "f", "value": 4, "relation": ">=", "threshold": 4, "met": True},
            {"name": "m", "value": 4, "relation": ">=", "threshold": 4, "met": True},
        ],
        "counterfactual": {"segment": "Loyal", "name": "monetary", "value": "963.00", "needed": "812.40"},
        "model_version": 17,
    },
}
"""By event type."""

CUSTOMER_VIEW: Example = {
    "customer_id": "c-42",
    "as_of": "2026-03-01T10:00:00Z",
    "program_version": "1.338234d8be51",
    "model_version": None,
    "tier": {
        "name": "silver",
        "since": "2025-11-02T14:05:00Z",
        "expires_at": "2026-11-02T00:00:00Z",
        "grace_until": None,
        "at_expiration": "bronze",
        "next": {
            "name": "gold",
            "missing": {"spend": "37.00", "orders": 1},
            "progress": {"spend": 0.963, "orders": 0.875},
            "near": True,
            "cheapest_path": "spend",
        },
    },
    "rfm": {
        "recency_days": 4,
        "frequency": 7,
        "monetary": "963.00",
        "aov": "137.57",
        "tenure_days": 200,
        "scores": {"r": None, "f": None, "m": None},
    },
    "segment": {"rfm": None, "cluster": None, "persona": None, "traits": [], "since": None},
    "clv_90d": None,
    "source": {"topic": "retail.orders.v1", "partition": 3, "offset": 1200},
}

DEAD_LETTER: Example = {
    "topic": "retail.orders.v1",
    "partition": 3,
    "offset": 1201,
    "timestamp": 1772357402117,
    "key": "c-42",
    "value": '{"type": "order.placed"',
    "reason": "malformed_json",
    "detail": "Input data was truncated",
}

JOURNAL_ENTRY: Example = {
    "first_step": 4711,
    "steps": [
        ["retail.orders.v1", 120],
        ["tick", "2026-03-01T09:30:00Z", None],
        ["retail.consents.v1", 1],
    ],
    "next_offsets": {"retail.orders.v1": 90210, "retail.consents.v1": 811},
}

ALERTS: dict[str, Example] = {
    "drift.noticed": {
        "type": "drift.noticed",
        "alert_id": _ID,
        "at": "2026-03-01T00:00:00Z",
        "model_version": 34,
        "measure": "share_shift",
        "value": 0.118,
        "limit": 0.075,
        "customers": 18340,
    },
    "segment.emerged": {
        "type": "segment.emerged",
        "alert_id": _ID,
        "at": "2026-03-01T00:00:00Z",
        "model_version": 34,
        "customers": 212,
        "share": 0.01156,
        "profile": {"recency_days": 1.5, "frequency": 1.0, "monetary": "2140.00", "aov": "2140.00", "tenure_days": 1.5},
    },
}
