"""Made-up customers in the shape of the real answers, which move when a test says so. For the page alone."""

from dataclasses import dataclass, field

HOSTILE = '<img src=x onerror="document.title=1">/&#'
TIERS = ["bronze", "silver", "gold", "platinum"]
SEGMENTS = {
    "rfm": {"VIP": 290, "Loyal": 512, "Potential Loyalist": 338, "At Risk": 402, "Dormant": 561, "Regulars": 366},
    "cluster": {"Champions": 310, "Deal Hunters": 420, "Lapsed": 705, "Newcomers": 388, "Steady Browsers": 646},
    "persona": {
        "Active Bronze": 690, "Dormant Bronze": 517, "Active Silver": 441, "Dormant Silver": 243, "Active Gold": 322,
        "Dormant Gold": 79, "Active Platinum": 166, "Dormant Platinum": 11,
    },
}  # fmt: skip
Answer = dict[str, object]


@dataclass
class FakeShop:
    """What the stand-in tells; tests change it while the page looks."""

    token: str | None = None
    """What requests have to carry, if anything."""
    has_model: bool = True
    """Whether there are scores and segments."""
    lag: int | None = 12
    spend: float = 963.0
    counts: list[int] = field(default_factory=lambda: [1207, 684, 401, 177])
    feed: list[Answer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tell("1231", "tier.changed", {"from": "silver", "to": "gold", "trigger": {"kind": "order", "id": "o-1"}})
        self.tell("88", "tier.changed", {"from": "gold", "to": "silver", "trigger": {"kind": "time", "id": None}})
        self.tell("c-42", "nudge.issued", _near())
        self.tell("17", "nudge.suppressed", {"kind": "tier_near", "reason": "cap"})
        self.tell("208", "nudge.suppressed", {"kind": "tier_at_risk", "reason": "holdout"})
        self.tell("1231", "nudge.retracted", {"kind": "tier_near", "reason": "reached"})
        self.tell("c-42", "segment.changed", _at_risk())
        self.tell("505", "segment.changed", _cluster())
        self.tell("17", "segment.changed", _persona())
        self.tell(HOSTILE, "tier.changed", {"from": "bronze", "to": "silver", "trigger": {"kind": "order", "id": "o"}})

    def tell(self, customer_id: str, what: str, body: Answer) -> None:
        """Add one entry to the feed."""
        at = f"2017-06-01T10:{len(self.feed):02}:00Z"
        entry: Answer = {"id": f"e-{len(self.feed)}", "at": at, "customer_id": customer_id, "what": what, "body": body}
        self.feed.append(entry)

    def overview(self) -> Answer:
        """Return the body of ``/v1/overview`` without its history."""
        return {
            "as_of": "2017-06-01T10:00:00Z", "program_version": "1.3f9c5d0a71be",
            "model": self.model(), "customers": sum(self.counts), "records": 158243, "orders_per_second": 2600.0,
            "lag": self.lag,
            "tiers": [{"name": name, "customers": count} for name, count in zip(TIERS, self.counts, strict=True)],
            "segments": self.segments(), "segment_migrations": self.segment_migrations(),
            "migrations": [
                {"from": "bronze", "to": "silver", "count": 1432}, {"from": "silver", "to": "gold", "count": 702},
                {"from": "gold", "to": "platinum", "count": 190}, {"from": "gold", "to": "silver", "count": 61},
            ],
            "nudges": {
                "issued": {"tier_near": 810, "tier_upgraded": 1204}, "suppressed": {"holdout": 96, "cap": 311},
                "retracted": {"reached": 402},
            },
        }  # fmt: skip

    def model(self) -> Answer:
        """Return which model is in force."""
        version = 17 if self.has_model else None
        value = {"priced_by": "poisson" if self.has_model else None, "labels": 11_400 if self.has_model else 0}
        return {"lowest": version, "highest": version, "adoptions": 144 if self.has_model else 0, **value}

    def segments(self) -> dict[str, list[Answer]]:
        """Return the customers by segment."""
        found: dict[str, list[Answer]] = {}
        for scheme, counts in SEGMENTS.items():
            found[scheme] = [{"name": name, "customers": n} for name, n in counts.items()] if self.has_model else []
        return found

    def segment_migrations(self) -> dict[str, list[Answer]]:
        """Return who moved between segments."""
        moves: dict[str, list[Answer]] = {scheme: [] for scheme in SEGMENTS}
        if self.has_model:
            moves["rfm"] = [
                {"from": "Loyal", "to": "At Risk", "count": 411}, {"from": "Regulars", "to": "Dormant", "count": 302},
                {"from": "Potential Loyalist", "to": "Loyal", "count": 268},
                {"from": "Loyal", "to": "VIP", "count": 133},
            ]  # fmt: skip
            moves["persona"] = [{"from": "Active Silver", "to": "Dormant Silver", "count": 190}]
        return moves

    def history(self) -> list[Answer]:
        """Return five months in which customers climb; segments begin with the second one."""
        return [
            {"at": f"2017-{1 + day // 28:02}-{1 + day % 28:02}T00:00:00Z",
             "tiers": {"bronze": 900 + day * 2, "silver": day * 4, "gold": day * 2, "platinum": day},
             "segments": _counts_of(day) if self.has_model and day > 28 else {scheme: {} for scheme in SEGMENTS}}
            for day in range(0, 140, 4)
        ]  # fmt: skip

    def customer(self, customer_id: str) -> Answer:
        """Return the read model."""
        missing = {"spend": f"{1000 - self.spend:.2f}", "orders": 1}
        upper = {"name": "gold", "missing": missing, "progress": {"spend": self.spend / 1000, "orders": 0.875},
                 "near": True, "cheapest_path": "spend"}  # fmt: skip
        tier = {"name": "silver", "since": "2017-03-01T10:00:00Z", "expires_at": "2018-03-01T10:00:00Z",
                "grace_until": None, "at_expiration": "bronze", "next": upper}  # fmt: skip
        rfm = {"recency_days": 4, "frequency": 7, "monetary": f"{self.spend:.2f}", "aov": "137.57", "tenure_days": 200,
               "scores": {"r": 2, "f": 4, "m": 4} if self.has_model else {"r": None, "f": None, "m": None}}  # fmt: skip
        segment: Answer = {"rfm": None, "cluster": None, "persona": None, "traits": [], "since": None}
        if self.has_model:
            segment = {"rfm": "At Risk", "cluster": "Steady Browsers", "persona": "Dormant Silver",
                       "traits": ["Budget Buyer"], "since": "2017-05-30T00:00:00Z"}  # fmt: skip
        as_of, version = "2017-06-01T10:00:00Z", 17 if self.has_model else None
        return {"customer_id": customer_id, "as_of": as_of, "model_version": version, "tier": tier, "rfm": rfm,
                "segment": segment}  # fmt: skip

    def explain(self, customer_id: str) -> Answer:
        """Return the orders and the history of one customer."""
        orders = [
            {"order_id": f"o-{month}", "occurred_at": f"2017-0{month}-11T09:30:00Z", "amount": "137.57",
             "counts": month != 2, "leaves_at": f"2018-0{month}-11T09:30:00Z"}
            for month in (5, 3, 2, 1)
        ]  # fmt: skip
        history = [
            {"at": "2017-05-11T09:30:00Z", "what": "nudge.issued", "body": _near()},
            {"at": "2017-04-02T09:30:00Z", "what": "nudge.suppressed", "body": {"kind": "tier_near", "reason": "cap"}},
            {"at": "2017-03-11T09:30:00Z", "what": "tier.changed",
             "body": {"from": "bronze", "to": "silver", "trigger": {"kind": "order", "id": "o-3"}}},
        ]  # fmt: skip
        why = {"rfm": _at_risk(), "cluster": _cluster(), "persona": None} if self.has_model else {}
        if self.has_model:
            history.insert(0, {"at": "2017-05-30T00:00:00Z", "what": "segment.changed", "body": _at_risk()})
        view = self.customer(customer_id)
        return {**view, "segment_why": why, "orders": orders, "history": history}


def _near() -> Answer:
    return {"kind": "tier_near", "tier": "silver", "next_tier": "gold", "cheapest_path": "spend",
            "missing": {"spend": "37.00", "orders": 1}}  # fmt: skip


def _at_risk() -> Answer:
    criteria = [
        {"name": "r", "value": 2, "relation": "<=", "threshold": 2, "met": True},
        {"name": "f", "value": 4, "relation": ">=", "threshold": 3, "met": True},
        {"name": "m", "value": 4, "relation": ">=", "threshold": 3, "met": True},
    ]
    other = {"segment": "Loyal", "name": "recency_days", "value": 41, "needed": 19}
    return {"at": "2017-05-30T00:00:00Z", "scheme": "rfm", "from": "Loyal", "to": "At Risk", "criteria": criteria,
            "counterfactual": other, "trigger": {"kind": "model_update", "id": None}, "model_version": 17}  # fmt: skip


def _cluster() -> Answer:
    criteria = [{"name": "distance", "value": 0.81, "relation": "<", "threshold": 1.2, "met": True}]
    other = {"segment": "Champions", "name": "distance", "value": 1.4, "needed": 0.73}
    return {"at": "2017-05-11T09:30:00Z", "scheme": "cluster", "from": None, "to": "Steady Browsers",
            "criteria": criteria, "counterfactual": other, "trigger": {"kind": "order", "id": "o-5"},
            "model_version": 16}  # fmt: skip


def _persona() -> Answer:
    criteria = [
        {"name": "r", "value": 2, "relation": ">=", "threshold": 3, "met": False},
        {"name": "tier", "value": "silver", "relation": "=", "threshold": "silver", "met": True},
    ]
    other = {"segment": "Active Silver", "name": "r", "value": 2, "needed": 3}
    return {"at": "2017-05-30T00:00:00Z", "scheme": "persona", "from": "Active Silver", "to": "Dormant Silver",
            "criteria": criteria, "counterfactual": other, "trigger": {"kind": "model_update", "id": None},
            "model_version": 17}  # fmt: skip


def _counts_of(day: int) -> dict[str, dict[str, int]]:
    """Return counts that grow into `SEGMENTS`, some faster than others."""
    return {
        scheme: {name: int(n * (day / 140) ** (0.3 + 0.2 * at)) for at, (name, n) in enumerate(counts.items())}
        for scheme, counts in SEGMENTS.items()
    }
