"""One customer's way through time: where the next record falls, and plans that aim at rare outcomes."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.builders import Json, a_consent, a_manual_tier, a_record
from tests.folding import take
from tests.log_values import ShopRecords
from tests.oracle_customer import Customer
from tests.oracle_rules import DAY_US, HOUR_US, SECOND_US, day_of, instant_text, start_of


class CustomerLog(ShopRecords):
    """Walks one customer through time and writes down what the shop would have sent."""

    def __init__(self, rng: random.Random, program: Json, customer_id: str) -> None:
        super().__init__(rng, program, customer_id)
        self.script: list[tuple[int, Callable[[CustomerLog], Json]]] = []

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
            self.script = [(first, CustomerLog.decisive_order), (refund_at, CustomerLog.refund_of_last)]

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
            (self.at + HOUR_US, CustomerLog.nearing_order),
            (min(ahead) + HOUR_US, CustomerLog.consent),
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
            return self.bad_record()
        if self.written and rng.random() < 0.05:
            value = self.again()
        else:
            value = rng.choices(_MAKERS, _WEIGHTS)[0](self)
            self.written.append(value)
        timestamp = self.at // 1000
        if rng.random() < 0.08:
            timestamp -= rng.choice((1, 60_000, 3_600_000, 86_400_000))
        if rng.random() < 0.02:
            timestamp = -1
        return a_record(value, timestamp, key=self.customer_id) if rng.random() < 0.1 else a_record(value, timestamp)


_MAKERS: tuple[Callable[[CustomerLog], Json], ...] = (
    CustomerLog.order,
    CustomerLog.refund,
    CustomerLog.cancellation,
    CustomerLog.reinstatement,
    CustomerLog.return_of_goods,
    CustomerLog.consent,
    CustomerLog.profile,
    CustomerLog.manual_tier,
    CustomerLog.erasure,
)
_WEIGHTS = (58, 15, 6, 4, 2.5, 5, 3, 3, 0.7)
