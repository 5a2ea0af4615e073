"""A day of a shop in which every second record is bad, each in a way of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from schemas.topics import CONSENTS, ORDERS
from tests.builders import Json, a_consent, a_manual_tier, an_erasure, an_order
from tests.oracle_admission import murmur2
from tests.oracle_rules import instant_text

PARTITIONS = 2
BEGIN_MS = 1_488_369_600_000  # 2017-03-01T12:00:00Z
CUSTOMERS = [f"c-{number}" for number in range(8)]


@dataclass
class Sent:
    """One record on its way, and why it will be refused, if it will."""

    value: bytes | None
    customer_id: str
    reason: str | None = None
    topic: str = ORDERS
    key: bytes | str | None = "the customer"
    partition: int = -1
    timestamp_ms: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.key, str):
            self.key = self.customer_id.encode()
        if self.partition < 0:
            self.partition = home_of(self.customer_id)


def home_of(customer_id: str) -> int:
    return murmur2(customer_id.encode()) % PARTITIONS


def encoded(value: Json) -> bytes:
    return json.dumps(value).encode()


def an_order_of(customer_id: str, **fields: object) -> bytes:
    when = instant_text(BEGIN_MS * 1000)
    return encoded(an_order(amount="260.00", occurred_at=when) | {"customer_id": customer_id} | fields)


def bad_records(one: str) -> list[Sent]:
    """Return one record with each fault, all about a customer who also sends good ones."""
    deep = an_order_of(one)[:-1] + b', "lines": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    return [
        Sent(an_order_of(one)[:-1], one, "malformed_json"),
        Sent(b"\xff\xfe" + an_order_of(one), one, "malformed_json"),
        Sent(an_order_of(one).replace(b"USD", b"U\xc3\x28"), one, "malformed_json"),
        Sent(None, one, "malformed_json"),
        Sent(b"", one, "malformed_json"),
        Sent(deep, one, "malformed_json"),
        Sent(an_order_of(one, amount=["260.00"]), one, "invalid_field"),
        Sent(an_order_of(one, occurred_at="today"), one, "invalid_field"),
        Sent(encoded(a_manual_tier("diamond", customer_id=one)), one, "invalid_field", CONSENTS),
        Sent(an_order_of(one, type="order.lost"), one, "unknown_type"),
        Sent(an_order_of(one, currency="EUR"), one, "currency_mismatch"),
        Sent(an_order_of(one, occurred_at="2017-03-09T12:00:00Z"), one, "future_event"),
        Sent(an_order_of(one), one, "key_mismatch", key=b"somebody else"),
        Sent(an_order_of(one), one, "key_mismatch", key=None),
        Sent(an_order_of(one, amount="-260.00"), one, "negative_amount"),
        Sent(an_order_of(one, amount="260.001"), one, "amount_precision"),
        Sent(an_order_of(one, padding="x" * 300_000), one, "too_large"),
        Sent(an_order_of("stranger"), "stranger", "wrong_partition", partition=1 - home_of("stranger")),
    ]  # fmt: skip


def a_day() -> list[Sent]:
    """Return good orders of everyone, one bad record between each two of them, and repeats."""
    good = [
        Sent(encoded(a_consent(occurred_at=instant_text(BEGIN_MS * 1000), customer_id=one)), one, topic=CONSENTS)
        for one in CUSTOMERS
    ]
    bad = bad_records("c-1") + bad_records("c-2")
    sent = good
    for number, one in enumerate(bad):
        neighbour = CUSTOMERS[number % len(CUSTOMERS)]
        sent += [Sent(an_order_of(neighbour), neighbour), one, Sent(an_order_of(one.customer_id), one.customer_id)]
        sent = [*sent, sent[-3]] if number % 4 == 0 else sent
    return timed(sent, BEGIN_MS)


def an_evening(began_ms: int) -> tuple[list[Sent], list[Sent]]:
    """Return an erasure, and an older order of that customer and a neighbour's order.

    In two parts, as Kafka orders no two topics among one another: the second is to be sent when the first is read.
    """
    erasure = encoded(an_erasure(instant_text(BEGIN_MS * 1000 + 1_000_000), customer_id="c-3"))
    sent = [Sent(erasure, "c-3", topic=CONSENTS), Sent(an_order_of("c-3"), "c-3"), Sent(an_order_of("c-4"), "c-4")]
    timely = timed(sent, began_ms)
    return timely[:1], timely[1:]


def timed(sent: list[Sent], began_ms: int) -> list[Sent]:
    return [replace(one, timestamp_ms=began_ms + place * 60_000) for place, one in enumerate(sent)]
