"""How often each outcome occurs in the oracle's fold of random logs, so that no rule goes untested unnoticed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tests.folding import fold_log, fold_steps
from tests.log_values import START_AT
from tests.logs import random_log, random_steps
from tests.oracle import Oracle
from tests.oracle_customer import Customer, Decision, Sums
from tests.oracle_rules import DAY_US

EXPECTED = (
    [f"record {fate}" for fate in ("applied", "duplicate", "dead", "erased")]
    + [f"change {trigger}" for trigger in ("order", "refund", "time", "manual", "program_change")]
    + [f"nudge {kind}" for kind in ("tier_near", "tier_upgraded", "tier_downgraded", "tier_at_risk")]
    + [
        f"suppressed {reason}"
        for reason in (
            "backfill",
            "program_change",
            "dry_run",
            "no_consent",
            "service_recovery",
            "holdout",
            "cap",
            "priority",
            "quiet_hours_expired",
        )
    ]
    + [f"retracted {reason}" for reason in ("reached", "tier_changed", "no_longer_near", "will_renew")]
    + [
        f"dead {reason}"
        for reason in (
            "malformed_json",
            "unknown_type",
            "invalid_field",
            "amount_precision",
            "negative_amount",
            "currency_mismatch",
            "future_event",
            "key_mismatch",
            "wrong_partition",
            "too_large",
        )
    ]
    + ["renewed at review", "renewed in grace", "grace begins", "step down", "warning", "skipped levels"]
    + ["reversal to the tier before", "reversal not to the tier before", "reversal without effect"]
    + [
        "waited, then asked",
        "floor ends",
        "waiting",
        "not before later",
        "reversal reviewed at once",
        "chained upgrade",
    ]
)


class CountingOracle(Oracle):
    """An oracle that counts what its outputs do not show."""

    seen: Counter[str]

    def _renew(self, customer: Customer, decision: Decision) -> None:
        self.seen["renewed in grace" if decision.cause == "record" else "renewed at review"] += 1
        super()._renew(customer, decision)

    def _review(self, customer: Customer, decision: Decision) -> None:
        self.seen["reversal reviewed at once"] += decision.trigger.kind == "refund"
        super()._review(customer, decision)
        self.seen["grace begins"] += decision.is_grace_start

    def _step_down(self, customer: Customer, decision: Decision, sums: Sums) -> None:
        self.seen["step down"] += 1
        super()._step_down(customer, decision, sums)

    def _reverse(self, customer: Customer, decision: Decision, trigger: object) -> None:
        before, chain = customer.earned, customer.chain
        assert chain is not None
        super()._reverse(customer, decision, customer.debounce.trigger if customer.debounce else decision.trigger)
        if customer.earned == before:
            self.seen["reversal without effect"] += 1
        else:
            kept = "not to" if customer.chain is not None else "to"
            self.seen[f"reversal {kept} the tier before"] += 1

    def _upgrade(self, customer: Customer, decision: Decision, qualified: int, trigger: object) -> None:
        before = customer.chain
        super()._upgrade(customer, decision, qualified, trigger)  # type: ignore[arg-type]
        self.seen["chained upgrade"] += (
            before is not None and customer.chain is not None and (customer.chain.before == before.before)
        )

    def _nudge(self, customer: Customer, decision: Decision) -> None:
        waited = customer.is_waiting
        before = sum(count for (kind, _), count in customer.candidates.items() if kind == "tier_near")
        super()._nudge(customer, decision)
        after = sum(count for (kind, _), count in customer.candidates.items() if kind == "tier_near")
        self.seen["warning"] += decision.is_warning
        self.seen["waiting"] += customer.is_waiting
        self.seen["waited, then asked"] += waited and decision.asks and after > before and not decision.changes

    def _decide_due(self, customer: Customer, decision: Decision) -> None:
        had_floor = customer.floor is not None
        super()._decide_due(customer, decision)
        self.seen["floor ends"] += had_floor and customer.floor is None


def statistics(seeds: Iterable[int]) -> Counter[str]:
    """Return how often each outcome occurs; outcomes that never occur stay in it with 0."""
    counts: Counter[str] = Counter(dict.fromkeys(EXPECTED, 0))
    for seed in seeds:
        counts.update(_of_one(seed))
    return counts


def _of_one(seed: int) -> Counter[str]:
    with_steps = seed % 3 == 0
    program, taken = random_steps(seed) if with_steps else random_log(seed)
    started_at = START_AT + 40 * DAY_US if seed % 5 == 0 else None
    oracle = CountingOracle(program, "v1", started_at=started_at, partitions=2 if seed % 10 == 7 else 1)
    oracle.seen = Counter()
    if with_steps:
        fold_steps(oracle, taken)
        oracle.finish()
    else:
        fold_log(oracle, taken)
    return oracle.seen + Counter(_outcomes(oracle))


def _outcomes(oracle: Oracle) -> list[str]:
    found = [f"record {fate}" for fate, count in oracle.counts.items() for _ in range(count)]
    for change in oracle.changes:
        trigger = change["trigger"]
        assert isinstance(trigger, dict)
        found.append(f"change {trigger['kind']}")
        found += ["skipped levels"] if change["skipped"] else []
    for nudge in oracle.nudges:
        is_issued = nudge["type"] == "nudge.issued"
        found.append(f"nudge {nudge['kind']}" if is_issued else f"retracted {nudge['reason']}")
        found += ["not before later"] if is_issued and nudge["not_before"] != nudge["at"] else []
    found += [f"suppressed {body['reason']}" for body in oracle.suppressions]
    return found + [f"dead {body['reason']}" for body in oracle.dead_letters]
