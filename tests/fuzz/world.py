"""A small world that is fuzzed: some customers of one partition, real events of every type, and bad ones between."""

from __future__ import annotations

import random

from schemas.examples import INPUTS as EXAMPLES
from schemas.topics import CONSENTS, ORDERS
from tests.builders import Json
from tests.fuzz.mutations import Sent, encoded, mutated
from tests.fuzz.oddities import TEXTS
from tests.log_programs import random_program
from tests.oracle_rules import instant_text

BEGIN_MS = 1_488_369_600_000  # 2017-03-01T12:00:00Z
KINDS = ("order.placed",) * 6 + tuple(EXAMPLES)
VALID_SHARE = 0.35


class World:
    """The records of one seed. ``offset`` counts them, whatever topic they are on."""

    def __init__(self, seed: int, records: int) -> None:
        rng = random.Random(seed)
        self.program: Json = {} if rng.random() < 0.2 else random_program(rng)
        self.customers = [f"secret-{seed % 10_000:04d}-{number}@x" for number in range(5)] + _odd_ids(rng)
        self._currency = str(self.program.get("currency", "USD"))
        self._at_ms = BEGIN_MS
        self._orders = 0
        self.sent = [self._sent(rng) for _ in range(records)]

    def _sent(self, rng: random.Random) -> Sent:
        self._at_ms += rng.choice((0, 1, 1000, 60_000, 3_600_000, 86_400_000))
        body = self._event(rng)
        topic = ORDERS if str(body["type"]).startswith("order.") else CONSENTS
        if rng.random() >= VALID_SHARE:
            return mutated(rng, topic, body, self._at_ms)
        customer_id = str(body["customer_id"])
        value = encoded(rng, list(body.items()))
        return Sent(customer_id, topic, self._at_ms, value, customer_id.encode(), is_valid=True)

    def _event(self, rng: random.Random) -> Json:
        """Return an event of a type, as the published examples have it, of one of the customers."""
        body: Json = {**EXAMPLES[rng.choice(KINDS)]}
        late_us = rng.choice((0, 0, 1, 60_000_000, 49 * 3_600_000_000))
        body |= {"customer_id": rng.choice(self.customers), "occurred_at": instant_text(self._at_ms * 1000 - late_us)}
        if "order_id" in body:
            body["order_id"] = f"secret-order-{self._some_order(rng)}"
        for name in ("refund_id", "return_id"):
            if name in body:
                body[name] = f"secret-{name}-{rng.randrange(200)}"
        if "amount" in body:
            body |= {"amount": str(rng.choice((0, 5, 20, 45, 100, 480))), "currency": self._currency}
            body.pop("lines", None)
        if "until" in body:
            body |= {"until": instant_text((self._at_ms + rng.randrange(10**10)) * 1000)}
        return body

    def _some_order(self, rng: random.Random) -> int:
        if rng.random() < 0.6:
            self._orders += 1
        return rng.randrange(max(0, self._orders - 10), self._orders + 1)


def _odd_ids(rng: random.Random) -> list[str]:
    """Return ids that a shop may have and that look like something else to a careless reader."""
    ids = [text for text in TEXTS if isinstance(text, str) and text.isprintable() and 1 <= len(text) <= 128]
    return rng.sample(ids, 3)
