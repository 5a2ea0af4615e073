"""What a schedule works on: two input topics with unordered timestamps, and a program in which time does a lot."""

import json
from functools import cache
from random import Random

from schemas.instants import Instant, format_instant
from schemas.program import Program
from schemas.record import LogRecord
from schemas.topics import CONSENTS, ORDERS
from tests import builders

BEGIN_AT: Instant = 1_488_000_000_000_000
HOUR_US = 3_600_000_000
PARTITION = 0


@cache
def a_program(version: int = 1) -> Program:
    """Return rules under which a few orders in a few days go up, down, near and at risk."""
    levels = [
        {"name": "bronze"},
        {"name": "silver", "spend": 20 * version, "orders": 2},
        {"name": "gold", "spend": 50, "orders": 4},
    ]
    tiers = {
        "window": {"rolling_days": 3},
        "term_days": 2,
        "grace_days": 1,
        "refund_reversal": {"within_days": 2, "debounce_hours": 6},
        "levels": levels,
    }
    kinds = {"tier_near": {"at": 0.5, "rearm_below": 0.4, "valid_days": 2}, "tier_at_risk": {"warn_days": [1]}}
    nudges = {"quiet_hours": None, "kinds": kinds, "caps": {"per_day": 9, "per_week": 50, "per_kind_and_week": 50}}
    segments = {"personas": [{"word": "Fresh", "r": 5}, {"word": "Old", "r": "1-4"}]} if version > 1 else {}
    return Program.model_validate({"version": version, "tiers": tiers, "nudges": nudges, "segments": segments})


def a_log(random: Random) -> list[tuple[Instant, LogRecord]]:
    """Return records in order of arrival, each with the instant at which it becomes visible."""
    arrives_at, offsets, log = BEGIN_AT, {ORDERS: 0, CONSENTS: 0}, []
    order_ids: list[tuple[str, str]] = []
    for number in range(random.randrange(10, 40)):
        arrives_at += random.randrange(6 * HOUR_US)
        value = _an_event(random, number, arrives_at, order_ids)
        topic = ORDERS if str(value["type"]).startswith("order.") else CONSENTS
        stamp = (arrives_at - random.randrange(10 * HOUR_US)) // 1000
        key = str(value["customer_id"]).encode()
        record = LogRecord(topic, PARTITION, offsets[topic], stamp, key, json.dumps(value).encode())
        offsets[topic] += 1
        log.append((arrives_at, record))
    return log


def _an_event(random: Random, number: int, at: Instant, order_ids: list[tuple[str, str]]) -> dict[str, object]:
    when = format_instant(at - random.randrange(5 * HOUR_US))
    customer_id, chance = f"c-{random.randrange(3)}", random.random()
    if chance < 0.22:
        return builders.a_consent(random.random() < 0.7, when, customer_id=customer_id)
    if chance < 0.24:
        return builders.an_erasure(when, customer_id=customer_id)
    if chance < 0.26:
        return builders.an_order(f"o-{number}", "a lot", when, customer_id=customer_id)
    if order_ids and chance < 0.40:
        customer_id, order_id = random.choice(order_ids)
        if random.random() < 0.5:
            return builders.a_refund(f"r-{number}", order_id, "5.00", when, customer_id=customer_id)
        return builders.a_cancellation(order_id, when, customer_id=customer_id)
    if order_ids and random.random() < 0.15:
        customer_id, order_id = random.choice(order_ids)
    else:
        order_id = f"o-{number}"
        order_ids.append((customer_id, order_id))
    return builders.an_order(order_id, f"{random.randrange(1, 25)}.50", when, customer_id=customer_id)
