"""The oracle's segments: who is scored when and with which snapshot, and what segment.changed says."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from tests.oracle_customer import Customer, Decision, Trigger
from tests.oracle_nudges import NudgeFold, sha256_hex
from tests.oracle_rules import Rules, instant_text
from tests.oracle_scores import (
    Model,
    Numbers,
    Reasons,
    cluster_of,
    scores_of,
    traits_of,
    why_cluster,
    why_persona,
    why_rfm,
)
from tests.oracle_value import Spent, value_in_90_days

SCHEMES = ("rfm", "cluster", "persona")


class Adoption(NamedTuple):
    """A model that a customer is still to be scored with."""

    at: int
    model: Model


class SegmentFold(NudgeFold):
    """Scores customers; the tiers and the records come on top of it."""

    def __init__(self, rules: Rules, started_at: int | None) -> None:
        super().__init__(rules, started_at)
        self.model: Model | None = None
        self.customers: dict[str, Customer] = {}
        self.adoptions: dict[str, Adoption] = {}
        """By customer: what they have not met yet."""
        self.models: dict[str, Model] = {}
        """By customer: what they are scored with; it is missing before the first one."""

    def adopt(self, at: int, version: int, snapshot: Mapping[str, object]) -> None:
        """Adopt a model: due at ``at`` for everyone known now, in force at once for whoever comes later."""
        if self.adoptions or (self.model is not None and version <= self.model.version):
            raise ValueError("a model needs a higher version, and the one before must have reached everyone")
        self.model = Model(version, snapshot)
        self.adoptions = dict.fromkeys(self.customers, Adoption(at, self.model))

    def _greet(self, customer: Customer) -> None:
        """Let a newcomer be scored with the model in force."""
        if self.model is not None:
            self.models[customer.id] = self.model

    def _meet(self, customer: Customer) -> None:
        """Score a customer as of the adoption that is due."""
        adoption = self.adoptions.pop(customer.id)
        self.models[customer.id] = adoption.model
        customer.now = max(customer.now, adoption.at)
        decision = Decision(customer.now, "model_update", Trigger("model_update", None))
        self._score(customer, decision, decision.trigger)

    def _score(self, customer: Customer, decision: Decision, trigger: Trigger) -> None:
        """Score as of now with the customer's model, and say what moved."""
        model = self.models.get(customer.id)
        if model is None:
            return
        numbers, cluster_before = self._numbers(customer), customer.cluster_id
        names: dict[str, str | None] = dict.fromkeys(SCHEMES)
        customer.scores, customer.cluster_id, customer.traits, customer.value = None, None, [], None
        if numbers is not None:
            scores = scores_of(model, numbers)
            is_adoption = decision.cause != "record"
            cluster = cluster_of(model, numbers, cluster_before, is_adoption=is_adoption)
            customer.scores, customer.cluster_id = scores, cluster.id
            customer.traits, customer.model_version = traits_of(model, numbers), model.version
            customer.value = self._value(customer, model, numbers)
            defined = self.rules.definitions
            persona = defined.persona_of(scores.r, customer.tier_name)
            names = {"rfm": defined.segment_of(scores), "cluster": cluster.name, "persona": persona}
        for scheme in SCHEMES:
            self._move(customer, decision, trigger, scheme, names[scheme], cluster_before)

    def _follow_tier(self, customer: Customer, decision: Decision) -> None:
        """Let the persona follow a tier that time or a change of program changed."""
        if customer.scores is not None:
            persona = self.rules.definitions.persona_of(customer.scores.r, customer.tier_name)
            self._move(customer, decision, Trigger(decision.cause, None), "persona", persona, customer.cluster_id)

    def _numbers(self, customer: Customer) -> Numbers | None:
        counting, today = customer.counting(self.rules.zone), self._today(customer.now)
        if not counting:
            return None
        days = [day for day, _ in counting]
        monetary = sum(sums.spend for _, sums in counting)
        # round() of a Fraction is half-even.
        aov = round(Fraction(monetary, len(days)))
        return Numbers(today - max(days), len(days), monetary, aov, today - min(days))

    def _value(self, customer: Customer, model: Model, numbers: Numbers) -> int | None:
        if model.value is None:
            return None
        today, counting = self._today(customer.now), customer.counting(self.rules.zone)
        recent = [sum(sums.spend for day, sums in counting if today - day < days) for days in (28, 91)]
        return value_in_90_days(model.value, model.minor_per_major, Spent(*numbers, *recent))

    def _move(
        self,
        customer: Customer,
        decision: Decision,
        trigger: Trigger,
        scheme: str,
        name: str | None,
        cluster_before: int | None,
    ) -> None:
        before = customer.segments.get(scheme)
        if before == name:
            return
        customer.segments[scheme] = name
        customer.segment_since = decision.at
        customer.segment_changes += 1
        criteria, counterfactual = ([], None) if name is None else self._why(customer, decision, scheme, cluster_before)
        self.changes.append(
            {
                "type": "segment.changed",
                "change_id": sha256_hex(f"{customer.id}|segment|{customer.segment_changes}")[:32],
                "customer_id": customer.id,
                "at": instant_text(decision.at),
                "program_version": self.rules.program_version,
                "scheme": scheme,
                "from": before,
                "to": name,
                "trigger": {"kind": trigger.kind, "id": trigger.id},
                "criteria": criteria,
                "counterfactual": counterfactual,
                "model_version": customer.model_version,
            }
        )

    def _why(self, customer: Customer, decision: Decision, scheme: str, cluster_before: int | None) -> Reasons:
        scores, numbers = customer.scores, self._numbers(customer)
        assert scores is not None
        assert numbers is not None
        if scheme == "persona":
            return why_persona(self.rules.definitions, scores.r, customer.tier_name)
        model = self.models[customer.id]
        if scheme == "rfm":
            return why_rfm(model, numbers, self.rules.definitions, self.rules.currency)
        is_adoption = decision.cause != "record"
        return why_cluster(model, numbers, cluster_before, customer.cluster_id, is_adoption=is_adoption)
