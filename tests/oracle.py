"""The oracle: an independent, single-threaded fold of a log, kept stupid on purpose.

It keeps every accepted fact of a customer and computes sums, windows and levels from scratch whenever they are asked
for. Instants are microseconds UTC, days are ordinals of the program's local calendar, money is minor units.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import EllipsisType

from tests.oracle_admission import TIMESTAMP_MS_END, Fact, Headers, murmur2, parse
from tests.oracle_bodies import read_model
from tests.oracle_customer import Body, Customer, Debounce, Decision, Trigger, deciding, level_of, order_sums
from tests.oracle_json import RefusedError
from tests.oracle_nudges import sha256_hex
from tests.oracle_rules import DAY_US, HOUR_US, Rules, day_of, instant_text, start_of
from tests.oracle_tiers import TierFold

KEPT_BYTES = 64 * 1024


class Oracle(TierFold):
    """One partition: records, ticks and program changes in; bodies, read models and counts out."""

    def __init__(
        self,
        program: Mapping[str, object],
        program_version: str,
        *,
        started_at: int | None = None,
        partition: int = 0,
        partitions: int = 1,
    ) -> None:
        super().__init__(Rules(program, program_version), started_at)
        self.partition = partition
        self.partitions = partitions
        self.clock = 0
        self.erasures: dict[str, int] = {}
        self.dead_letters: list[Body] = []
        self.counts: Counter[str] = Counter()

    # Steps

    def record(
        self,
        topic: str,
        timestamp_ms: int,
        value: bytes | None,
        key: bytes | EllipsisType | None = ...,
        offset: int = 0,
        headers: Headers = (),
    ) -> None:
        """Take one record; without ``key`` it is keyed by its customer_id."""
        timestamp = timestamp_ms * 1000 if 0 <= timestamp_ms < TIMESTAMP_MS_END else self.clock
        self.clock = max(self.clock, timestamp)
        try:
            fact = parse(topic, value, headers)
            self._admit(fact, key, timestamp)
        except RefusedError as refused:
            self.counts["dead"] += 1
            self.dead_letters.append(self._dead_letter(refused, topic, timestamp_ms, value, key, offset))
            return
        if fact.occurred_at <= self.erasures.get(sha256_hex(fact.customer_id), -(10**20)):
            self.counts["erased"] += 1
        elif fact.type == "customer.erased":
            self._erase(fact)
        else:
            self._take(fact, timestamp, offset)

    def tick(self, at: int, upto: str | None = None) -> None:
        """Run every due moment before ``at``, and those at ``at`` of customers whose hash is not above ``upto``."""
        for customer in list(self.customers.values()):
            included = upto is None or sha256_hex(customer.id)[:16] <= upto
            self._advance(customer, at if included else at - 1)

    def change_program(self, at: int, program: Mapping[str, object], program_version: str) -> None:
        """Adopt a higher version: every customer runs to ``at`` under the old rules, then is evaluated anew."""
        old, new = self.rules, Rules(program, program_version)
        if new.version <= old.version or new.currency != old.currency:
            raise ValueError("a program needs a higher version and the same currency")
        for customer in self.customers.values():
            self._advance(customer, at)
        self.rules = new
        for customer in self.customers.values():
            customer.now = max(customer.now, at)
            decision = Decision(customer.now, "program_change", Trigger("program_change", None))
            self._re_evaluate(customer, decision, old)
            if new.definitions != old.definitions:
                self._score(customer, decision, decision.trigger)
            else:
                self._follow_tier(customer, decision)
            self._nudge(customer, decision)

    def finish(self, until: int | None = None) -> None:
        """End the log: time runs to the latest timestamp, dead letters' included, or on to ``until``."""
        self.tick(self.clock if until is None else max(self.clock, until))

    def states(self, as_of: int) -> dict[str, Body]:
        """Return the read model of every customer as of an instant that has been decided."""
        found = self.customers.items()
        return {name: read_model(self.rules, customer, as_of, self.partition) for name, customer in found}

    # Records

    def _admit(self, fact: Fact, key: bytes | EllipsisType | None, timestamp: int) -> None:
        expected = fact.customer_id.encode()
        if key is not ... and key != expected:
            raise RefusedError("key_mismatch", "the key is not the customer_id")
        if fact.currency not in ("", self.rules.currency):
            raise RefusedError("currency_mismatch", fact.currency)
        if fact.occurred_at > timestamp + DAY_US:
            raise RefusedError("future_event", instant_text(fact.occurred_at))
        if fact.type == "tier.assigned" and fact.tier not in self.rules.names:
            raise RefusedError("invalid_field", "tier is not in the program")
        elsewhere = murmur2(expected) % self.partitions != self.partition
        if fact.customer_id not in self.customers and elsewhere:
            raise RefusedError("wrong_partition", "another partitioner")

    def _dead_letter(
        self,
        refused: RefusedError,
        topic: str,
        timestamp_ms: int,
        value: bytes | None,
        key: bytes | EllipsisType | None,
        offset: int,
    ) -> Body:
        return {
            "topic": topic,
            "partition": self.partition,
            "offset": offset,
            "timestamp": timestamp_ms,
            "key": None if key is ... else _text(key),
            "value": None if value is None else _text(value[:KEPT_BYTES] if refused.reason == "too_large" else value),
            "reason": refused.reason,
            "detail": refused.detail,
        }

    def _erase(self, fact: Fact) -> None:
        self.counts["applied"] += 1
        self.customers.pop(fact.customer_id, None)
        self.adoptions.pop(fact.customer_id, None)
        self.models.pop(fact.customer_id, None)
        self.erasures[sha256_hex(fact.customer_id)] = fact.occurred_at

    def _take(self, fact: Fact, timestamp: int, offset: int) -> None:
        customer = self.customers.get(fact.customer_id)
        if customer is None:
            customer = Customer(fact.customer_id, timestamp, self.rules.names[0])
            customer.term_day = day_of(timestamp, self.rules.zone)
            self.customers[fact.customer_id] = customer
            self._greet(customer)
        now = max(timestamp, customer.now)
        self._advance(customer, now)
        customer.now, customer.offset = now, offset
        if _is_duplicate(customer, fact):
            self.counts["duplicate"] += 1
            return
        self.counts["applied"] += 1
        order_before = order_sums(customer.facts, fact.order_id)
        customer.facts.append(replace(fact, arrived_at=now))
        order_after = order_sums(customer.facts, fact.order_id)
        decision = Decision(now, "record", _trigger(fact), asks=fact.type.startswith("order."))
        decision.is_bulk = fact.occurred_at < timestamp - 48 * HOUR_US
        self._evaluate(customer, decision, fact)
        if order_before.orders and (order_after.spend < order_before.spend or not order_after.orders):
            self._start_debounce(customer, fact, now)
        self._score(customer, decision, _trigger(fact))
        self._nudge(customer, decision)

    def _evaluate(self, customer: Customer, decision: Decision, fact: Fact) -> None:
        qualified = level_of(self.rules, self._sums_now(customer))
        if qualified > customer.earned:
            is_order = fact.type in ("order.placed", "order.reinstated")
            self._upgrade(customer, decision, qualified, Trigger("order", fact.order_id if is_order else None))
        elif customer.grace_until is not None and qualified >= customer.earned:
            self._renew(customer, decision)
        if fact.type == "tier.assigned":
            kept = fact.until > decision.at
            customer.floor = self.rules.names.index(fact.tier) if kept else None
            customer.floor_until = fact.until if kept else None
            self._moved(customer, decision, Trigger("manual", None), self._sums_now(customer))

    def _start_debounce(self, customer: Customer, fact: Fact, now: int) -> None:
        chain = customer.chain
        if chain is None or customer.debounce is not None:
            return
        if now < start_of(chain.grant_day + self.rules.within_days, self.rules.zone):
            identity = fact.refund_id or fact.order_id
            customer.debounce = Debounce(now + self.rules.debounce_us, Trigger("refund", identity))


def order_by_rules(records: Iterable[Mapping[str, object]]) -> list[Mapping[str, object]]:
    """Return the records of a log in the order of "Two clocks": smallest head first, then topic name, then offset."""
    queues: dict[str, list[Mapping[str, object]]] = {}
    for record in records:
        queues.setdefault(str(record["topic"]), []).append(record)
    clock, ordered = 0, []

    def timestamp_of(topic: str) -> int:
        timestamp = int(str(queues[topic][0]["timestamp"]))
        return timestamp if 0 <= timestamp < TIMESTAMP_MS_END else clock

    while queues:
        topic = min(queues, key=lambda name: (timestamp_of(name), name))
        clock = max(clock, timestamp_of(topic))
        ordered.append(queues[topic].pop(0))
        if not queues[topic]:
            del queues[topic]
    return ordered


def _is_duplicate(customer: Customer, fact: Fact) -> bool:
    if fact.type in ("order.cancelled", "order.reinstated"):
        last = deciding(customer.facts, fact.order_id)
        return last is not None and deciding([last, fact], fact.order_id) is last
    ids = {"order.placed": "order_id", "order.refunded": "refund_id", "order.returned": "return_id"}
    if fact.type not in ids:
        return False
    name = ids[fact.type]
    return any(getattr(old, name) == getattr(fact, name) for old in customer.facts if old.type == fact.type)


def _trigger(fact: Fact) -> Trigger:
    if fact.type in ("order.placed", "order.reinstated", "order.returned"):
        return Trigger("order", fact.order_id)
    if fact.type in ("order.refunded", "order.cancelled"):
        return Trigger("refund", fact.refund_id or fact.order_id)
    return Trigger("manual" if fact.type == "tier.assigned" else "engagement", None)


def _text(value: bytes | None) -> str | None:
    if value is None:
        return None
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()
