"""What a shop writes about one customer: values of records, good ones and bad ones."""

from __future__ import annotations

import random

from tests.builders import (
    CONSENTS,
    ORDERS,
    Json,
    a_cancellation,
    a_consent,
    a_manual_tier,
    a_profile,
    a_record,
    a_refund,
    a_reinstatement,
    a_return,
    an_erasure,
    an_order,
)
from tests.oracle import Oracle
from tests.oracle_customer import Customer, sums_on
from tests.oracle_rules import DAY_US, HOUR_US, SECOND_US, Rules, day_of, instant_text, minor_digits, start_of

PROFILE_ZONES = ("Asia/Tokyo", "America/New_York", "Europe/Berlin", "Pacific/Auckland")
START_AT = 1_488_369_600 * SECOND_US  # 2017-03-01T12:00:00Z
MALFORMED = ("{", "[1]", '"text"', '{"customer_id": "c-1"}', "", '{"type": NaN}', "null")


class ShopRecords:
    """Makes values about one customer at ``at``; an oracle walks along, so that they can aim at what matters."""

    def __init__(self, rng: random.Random, program: Json, customer_id: str) -> None:
        self.rng = rng
        self.rules = Rules(program, "0")
        self.customer_id = customer_id
        self.at = START_AT + rng.randrange(20) * DAY_US + rng.randrange(86_400) * SECOND_US
        self.orders: list[tuple[str, int]] = []
        self.written: list[Json] = []
        self.moments: list[int] = []
        self.number = 0
        self.deciding_at: dict[str, int] = {}
        self.oracle = Oracle(program, "0")

    @property
    def customer(self) -> Customer | None:
        """Return the customer as the oracle that walks along knows it."""
        return self.oracle.customers.get(self.customer_id)

    # What happened in the shop

    def decisive_order(self) -> Json:
        """Return an order that reaches the next level."""
        amount = self._missing(1, 1) or self._amount()
        self.orders.append((self._id("o"), amount))
        return an_order(self.orders[-1][0], self._money(amount), instant_text(self.at), **self._common())

    def nearing_order(self) -> Json:
        """Return an order that comes near the next level."""
        amount = self._missing(92, 100)
        self.orders.append((self._id("o"), amount))
        return an_order(self.orders[-1][0], self._money(amount), instant_text(self.at), **self._common())

    def refund_of_last(self) -> Json:
        """Return a full refund of the last order."""
        order_id, amount = self.orders[-1]
        return a_refund(self._id("r"), order_id, self._money(amount), instant_text(self.at), **self._common())

    def order(self) -> Json:
        """Return an order, late, early or on time."""
        order_id = self._id("o")
        if self.rng.random() < 0.05 and self.orders:
            order_id = f"early-{self.rng.randrange(3)}"
        amount = self._amount()
        self.orders.append((order_id, amount))
        at = self._occurred_at()
        for days in (self.rules.window_days, self.rules.term_days, self.rules.term_days + self.rules.grace_days):
            self.moments.append(start_of(day_of(min(at, self.at), self.rules.zone) + days, self.rules.zone))
        fields: Json = {}
        if self.rng.random() < 0.1:
            fields["lines"] = [{"sku": "s", "category": "tea", "quantity": 1, "amount": self._money(amount)}]
        return an_order(order_id, self._wire(amount), self._text(at), **self._common(), **fields)

    def refund(self) -> Json:
        """Return a refund: in full, in part, of too much, or of an order to come."""
        order_id, amount = self._some_order()
        part = self.rng.choice((amount, amount, amount // 2, amount // 3, amount + 100, 0, 1))
        self.moments.append(self.at + self.rules.debounce_us)
        return a_refund(self._id("r"), order_id, self._wire(part), self._text(self._occurred_at()), **self._common())

    def cancellation(self) -> Json:
        """Return a cancellation."""
        order_id = self._some_order()[0]
        self.moments.append(self.at + self.rules.debounce_us)
        return a_cancellation(order_id, self._deciding(order_id), customer_id=self.customer_id)

    def reinstatement(self) -> Json:
        """Return a reinstatement."""
        order_id = self._some_order()[0]
        return a_reinstatement(order_id, self._deciding(order_id), customer_id=self.customer_id)

    def _deciding(self, order_id: str) -> str:
        at = self._occurred_at()
        before = self.deciding_at.get(order_id)
        if before is not None and self.rng.random() < 0.4:
            at = before + self.rng.choice((0, 0, -SECOND_US))
        self.deciding_at[order_id] = at
        return self._text(at)

    def return_of_goods(self) -> Json:
        """Return a return."""
        return_id = self._id("b")
        return a_return(return_id, self._some_order()[0], self._text(self._occurred_at()), customer_id=self.customer_id)

    def consent(self) -> Json:
        """Return a consent, for one channel or all."""
        channel = self.rng.choice((None, None, "all", "email", "push"))
        fields: Json = {} if channel is None else {"channel": channel}
        granted = self.rng.random() < 0.75
        return a_consent(granted, self._text(self.at), customer_id=self.customer_id, **fields)

    def profile(self) -> Json:
        """Return a profile with a time zone."""
        zone = self.rng.choice(PROFILE_ZONES)
        return a_profile(self._text(self.at), customer_id=self.customer_id, time_zone=zone)

    def manual_tier(self) -> Json:
        """Return a manual tier that ends at a moment that matters, perhaps."""
        until = self.at + self.rng.choice((-1, 1, 4, 15, 40)) * DAY_US
        warnings = self.oracle._warnings(self.customer) if self.customer is not None else []
        ahead = [moment for moment in warnings if moment > self.at]
        if ahead and self.rng.random() < 0.4:
            until = self.rng.choice(ahead)
        elif self.rng.random() < 0.4:
            until = start_of(day_of(until, self.rules.zone), self.rules.zone)
        self.moments.append(until)
        tier = self.rng.choice(self.rules.names)
        return a_manual_tier(tier, instant_text(until), self._text(self.at), customer_id=self.customer_id)

    def erasure(self) -> Json:
        """Return an erasure."""
        at = self.at + self.rng.choice((0, -2 * DAY_US, HOUR_US))
        return an_erasure(self._text(at), customer_id=self.customer_id)

    # What went wrong on the way

    def again(self) -> Json:
        """Return a value again, with another body perhaps."""
        value = dict(self.rng.choice(self.written))
        if "amount" in value and self.rng.random() < 0.5:
            value["amount"] = self._money(self._amount())
        if self.rng.random() < 0.3:
            value["occurred_at"] = self._text(self.at)
        return value

    def bad_record(self) -> Json:
        """Return a record with one fault."""
        rng, timestamp = self.rng, self.at // 1000
        value = self.order() if rng.random() < 0.7 else self.refund()
        bad = rng.randrange(10)
        if bad == 0:
            topic = rng.choice((ORDERS, CONSENTS))
            raw: object = None if rng.random() < 0.2 else rng.choice(MALFORMED)
            return {"topic": topic, "timestamp": timestamp, "value": raw, "key": self.customer_id}
        if bad == 1:
            return a_record(value, timestamp, key=rng.choice(("somebody else", None)))
        if bad == 2:
            return a_record(value | {"padding": "x" * (256 * 1024)}, timestamp)
        faults: list[Json] = [
            {"currency": "CHF"},
            {"amount": "-1"},
            {"amount": f"1.{'0' * minor_digits(self.rules.currency)}1"},
            {"type": rng.choice(("order.lost", "customer.merged", 7))},
            {"order_id": rng.choice(("", "a\u0007", 5, "x" * 129))},
            {"occurred_at": rng.choice(("2017-03-01T12:00:00", "yesterday", 1_488_369_600))},
            {"occurred_at": self._text(self.at + DAY_US + rng.choice((1, 1000, DAY_US)))},
        ]
        return a_record(value | faults[bad - 3], timestamp)

    # Numbers and instants

    def _id(self, letter: str) -> str:
        self.number += 1
        return f"{letter}-{self.number}"

    def _common(self) -> Json:
        return {"customer_id": self.customer_id, "currency": self.rules.currency}

    def _some_order(self) -> tuple[str, int]:
        early = f"early-{self.rng.randrange(3)}"
        if not self.orders or self.rng.random() < 0.08:
            return early, self._amount()
        recent = self.orders[-3:] if self.rng.random() < 0.6 else self.orders
        return self.rng.choice(recent)

    def _missing(self, parts: int, whole: int) -> int:
        """Return what the spend misses of a part of the level above the earned one, 0 where there is none."""
        customer = self.customer
        if customer is None or customer.earned == self.rules.top:
            return 0
        threshold = (self.rules.levels[customer.earned + 1].spend or 0) * parts // whole
        return max(0, threshold - sums_on(self.rules, customer, day_of(customer.now, self.rules.zone)).spend)

    def _amount(self) -> int:
        if self.rng.random() < 0.25:
            return self._missing(self.rng.choice((4, 9, 10)), 10)
        unit = self._unit()
        whole = self.rng.choice((0, 5, 9, 10, 12, 15, 20, 25, 30, 45, 60, 95))
        return whole * unit + (self.rng.randrange(unit) if self.rng.random() < 0.3 else 0)

    def _unit(self) -> int:
        return int("1" + "0" * minor_digits(self.rules.currency))

    def _money(self, minor: int) -> str:
        digits = minor_digits(self.rules.currency)
        return f"{minor // 10**digits}.{minor % 10**digits:0{digits}d}" if digits else str(minor)

    def _wire(self, minor: int) -> object:
        unit = self._unit()
        choice = self.rng.random()
        if choice < 0.15 and minor % unit == 0:
            return minor // unit
        return minor / unit if choice < 0.3 else self._money(minor)

    def _occurred_at(self) -> int:
        rng, choice = self.rng, self.rng.random()
        if choice < 0.70:
            return self.at - rng.choice((0, 0, SECOND_US, 1234))
        if choice < 0.78:
            return self.at - rng.choice((48 * HOUR_US, 48 * HOUR_US + 1000, 3 * DAY_US, 12 * DAY_US, 70 * DAY_US))
        if choice < 0.86:
            return self.at - rng.randrange(47) * HOUR_US
        if choice < 0.93:
            return self.at + rng.choice((1, HOUR_US, 23 * HOUR_US, 24 * HOUR_US))
        day = day_of(self.at, self.rules.zone) - rng.choice((0, 0, 1, 5))
        return start_of(day, self.rules.zone) - rng.choice((0, 1))

    def _text(self, at: int) -> str:
        if self.rng.random() < 0.1:
            return instant_text(at + HOUR_US)[:-1] + "+01:00"
        return instant_text(at)
