"""Seeded random logs, adversarial but plausible: every record here could have come from a shop on a bad day.

``python -m tests.logs --stats`` prints how often each outcome occurs in the oracle's fold of 300 of them.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Mapping

from tests import log_programs
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
from tests.folding import take
from tests.oracle import Oracle
from tests.oracle_customer import Customer, sums_on
from tests.oracle_rules import DAY_US, HOUR_US, SECOND_US, Rules, day_of, instant_text, minor_digits, start_of

CUSTOMERS = ("c-1", "c-2", "kündin 3", "c|4")
PROFILE_ZONES = ("Asia/Tokyo", "America/New_York", "Europe/Berlin", "Pacific/Auckland")
START_AT = 1_488_369_600 * SECOND_US  # 2017-03-01T12:00:00Z
MALFORMED = ("{", "[1]", '"text"', '{"customer_id": "c-1"}', "", '{"type": NaN}', "null")


def random_log(
    seed: int, *, length: int = 45, program_hint: Mapping[str, object] | None = None
) -> tuple[Json, list[Json]]:
    """Return a program and the records of a log file; ``program_hint`` replaces keys of the program."""
    rng = random.Random(seed)
    program = log_programs.random_program(rng) | dict(program_hint or {})
    customers = CUSTOMERS[: rng.choice((1, 1, 2, 3, 4))]
    timed = [
        entry for name in customers for entry in _CustomerLog(rng, program, name).entries(length // len(customers) + 4)
    ]
    timed.sort(key=lambda entry: entry[0])
    return program, [record for _, record in timed]


def random_steps(seed: int, *, length: int = 45) -> tuple[Json, list[Json]]:
    """Return a program and steps {"step": "record" | "tick" | "program", ...}: a log with ticks and adoptions."""
    program, records = random_log(seed, length=length)
    rng = random.Random(f"steps {seed}")
    steps: list[Json] = []
    current, clock = program, 0
    for record in records:
        timestamp = int(str(record["timestamp"])) * 1000
        clock = max(clock, timestamp)
        steps.append({"step": "record", "record": record})
        if rng.random() < 0.25:
            at = clock + rng.choice((-60 * SECOND_US, 0, HOUR_US, 3 * DAY_US))
            upto = rng.choice((None, None, f"{rng.getrandbits(64):016x}"))
            steps.append({"step": "tick", "at": at, "upto": upto})
        if rng.random() < 0.03:
            current = log_programs.changed_program(rng, current)
            steps.append({"step": "program", "at": clock + rng.choice((0, 0, SECOND_US, DAY_US)), "program": current})
    return program, steps


class _CustomerLog:
    """Walks one customer through time and writes down what the shop would have sent."""

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
        self.script: list[tuple[int, Callable[[_CustomerLog], Json]]] = []
        # An oracle walks along, so that the log can aim at the moments and sums that matter.
        self.oracle = Oracle(program, "0")

    def entries(self, length: int) -> list[tuple[int, Json]]:
        """Return (time, record) in order of time."""
        found = []
        if self.rng.random() < 0.85:
            consent = a_consent(True, self._text(self.at), customer_id=self.customer_id)
            found.append((self.at, a_record(consent, self.at // 1000)))
        for _ in range(length):
            record = self._scripted() if self.script else self._wandering()
            take(self.oracle, record, 0)
            found.append((self.at, record))
        return found

    @property
    def customer(self) -> Customer | None:
        """Return the customer as the oracle that walks along knows it."""
        return self.oracle.customers.get(self.customer_id)

    def _scripted(self) -> Json:
        self.at, maker = self.script.pop(0)
        value = maker(self)
        self.written.append(value)
        return a_record(value, self.at // 1000)

    def _wandering(self) -> Json:
        self._wait()
        self._plan()
        return self._record()

    def _plan(self) -> None:
        customer = self.customer
        if customer is None or customer.expires_at is None or customer.earned == self.rules.top:
            return
        choice = self.rng.random()
        if choice < 0.3:
            self._plan_late_upgrade(customer.expires_at)
        elif choice < 0.45:
            self._plan_floor_until_warning(customer)

    def _plan_late_upgrade(self, expires_at: int) -> None:
        """Plan an upgrade just before the term ends and a refund whose debounce outlives the term."""
        debounce = self.rules.debounce_us
        first = expires_at - self.rng.choice((debounce // 2, debounce // 3, debounce // 4))
        refund_at = first + self.rng.randrange(max(1, debounce // 8000)) * 1000
        if self.rng.random() < 0.5:
            refund_at = max(first, expires_at + 22 * HOUR_US - debounce)
        if first > self.at:
            self.script = [(first, _CustomerLog._decisive_order), (refund_at, _CustomerLog._refund_of_last)]

    def _plan_floor_until_warning(self, customer: Customer) -> None:
        """Plan a manual tier that ends on a warning's midnight, and an order that comes near the tier after it."""
        ahead = [moment for moment in self.oracle._warnings(customer) if moment > self.at + DAY_US]
        if not ahead:
            return
        assigned = a_manual_tier(
            self.rules.names[-1], instant_text(min(ahead)), instant_text(self.at), customer_id=self.customer_id
        )
        self.script = [
            (self.at, lambda _: assigned),
            (self.at + HOUR_US, _CustomerLog._nearing_order),
            (min(ahead) + HOUR_US, _CustomerLog._consent),
        ]

    def _wait(self) -> None:
        rng = self.rng
        mean = rng.choice((HOUR_US // 4, 3 * HOUR_US, DAY_US, DAY_US, 3 * DAY_US, 9 * DAY_US))
        if rng.random() < 0.03:
            mean = 60 * DAY_US
        at = self.at + int(rng.expovariate(1.0) * mean) // 1000 * 1000
        due = self.oracle._moments(self.customer) if self.customer is not None else []
        ahead = [moment for moment in self.moments + due if self.at <= moment <= self.at + 40 * DAY_US]
        if ahead and rng.random() < 0.15:
            at = rng.choice(ahead) + rng.choice((0, 0, -1000, 1000, -self.rules.debounce_us))
        elif rng.random() < 0.12:
            at = start_of(day_of(at, self.rules.zone) + 1, self.rules.zone) + rng.choice((0, 0, -1000))
        elif rng.random() < 0.1:
            local_evening = start_of(day_of(at, self.rules.zone), self.rules.zone) + rng.choice((8, 21, 23)) * HOUR_US
            at = local_evening + rng.choice((0, 1000, -1000, 1800 * SECOND_US))
        self.at = max(self.at, at)

    def _record(self) -> Json:
        rng = self.rng
        if rng.random() < 0.04:
            return self._bad_record()
        if self.written and rng.random() < 0.05:
            value = self._again()
        else:
            value = rng.choices(_MAKERS, _WEIGHTS)[0](self)
            self.written.append(value)
        timestamp = self.at // 1000
        if rng.random() < 0.08:
            timestamp -= rng.choice((1, 60_000, 3_600_000, 86_400_000))
        if rng.random() < 0.02:
            timestamp = -1
        return a_record(value, timestamp, key=self.customer_id) if rng.random() < 0.1 else a_record(value, timestamp)

    # What happened in the shop

    def _decisive_order(self) -> Json:
        amount = self._missing(1, 1) or self._amount()
        self.orders.append((self._id("o"), amount))
        return an_order(self.orders[-1][0], self._money(amount), instant_text(self.at), **self._common())

    def _nearing_order(self) -> Json:
        amount = self._missing(92, 100)
        self.orders.append((self._id("o"), amount))
        return an_order(self.orders[-1][0], self._money(amount), instant_text(self.at), **self._common())

    def _refund_of_last(self) -> Json:
        order_id, amount = self.orders[-1]
        return a_refund(self._id("r"), order_id, self._money(amount), instant_text(self.at), **self._common())

    def _order(self) -> Json:
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

    def _refund(self) -> Json:
        order_id, amount = self._some_order()
        part = self.rng.choice((amount, amount, amount // 2, amount // 3, amount + 100, 0, 1))
        self.moments.append(self.at + self.rules.debounce_us)
        return a_refund(self._id("r"), order_id, self._wire(part), self._text(self._occurred_at()), **self._common())

    def _cancellation(self) -> Json:
        order_id = self._some_order()[0]
        self.moments.append(self.at + self.rules.debounce_us)
        return a_cancellation(order_id, self._deciding(order_id), customer_id=self.customer_id)

    def _reinstatement(self) -> Json:
        order_id = self._some_order()[0]
        return a_reinstatement(order_id, self._deciding(order_id), customer_id=self.customer_id)

    def _deciding(self, order_id: str) -> str:
        at = self._occurred_at()
        before = self.deciding_at.get(order_id)
        if before is not None and self.rng.random() < 0.4:
            at = before + self.rng.choice((0, 0, -SECOND_US))
        self.deciding_at[order_id] = at
        return self._text(at)

    def _return(self) -> Json:
        return_id = self._id("b")
        return a_return(return_id, self._some_order()[0], self._text(self._occurred_at()), customer_id=self.customer_id)

    def _consent(self) -> Json:
        channel = self.rng.choice((None, None, "all", "email", "push"))
        fields: Json = {} if channel is None else {"channel": channel}
        granted = self.rng.random() < 0.75
        return a_consent(granted, self._text(self.at), customer_id=self.customer_id, **fields)

    def _profile(self) -> Json:
        zone = self.rng.choice(PROFILE_ZONES)
        return a_profile(self._text(self.at), customer_id=self.customer_id, time_zone=zone)

    def _manual_tier(self) -> Json:
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

    def _erasure(self) -> Json:
        at = self.at + self.rng.choice((0, -2 * DAY_US, HOUR_US))
        return an_erasure(self._text(at), customer_id=self.customer_id)

    # What went wrong on the way

    def _again(self) -> Json:
        value = dict(self.rng.choice(self.written))
        if "amount" in value and self.rng.random() < 0.5:
            value["amount"] = self._money(self._amount())
        if self.rng.random() < 0.3:
            value["occurred_at"] = self._text(self.at)
        return value

    def _bad_record(self) -> Json:
        rng, timestamp = self.rng, self.at // 1000
        value = self._order() if rng.random() < 0.7 else self._refund()
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


_MAKERS: tuple[Callable[[_CustomerLog], Json], ...] = (
    _CustomerLog._order,
    _CustomerLog._refund,
    _CustomerLog._cancellation,
    _CustomerLog._reinstatement,
    _CustomerLog._return,
    _CustomerLog._consent,
    _CustomerLog._profile,
    _CustomerLog._manual_tier,
    _CustomerLog._erasure,
)
_WEIGHTS = (58, 15, 6, 4, 2.5, 5, 3, 3, 0.7)


def main(arguments: list[str]) -> int:
    """Print the statistics of the logs."""
    from tests.log_stats import statistics

    parser = argparse.ArgumentParser(prog="python -m tests.logs", description=__doc__)
    parser.add_argument("--stats", action="store_true", required=True, help="fold the logs and count each outcome")
    parser.add_argument("--logs", type=int, default=300, metavar="N", help="how many seeds (300)")
    counts = statistics(range(parser.parse_args(arguments).logs))
    sys.stdout.writelines(f"{name:45} {count:7}\n" for name, count in sorted(counts.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
