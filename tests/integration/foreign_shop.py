"""A shop that speaks a language of its own, as examples/shop_events.mapping.yaml reads it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from random import Random

from tests.builders import Json

BEGIN_MS = 1_772_366_400_000


@dataclass(slots=True)
class Shop:
    """What a shop says on a topic of its own, and what its customers' totals are in the end."""

    messages: list[bytes] = field(default_factory=list)
    bad: Counter[str] = field(default_factory=Counter)
    orders: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))

    def totals(self) -> dict[str, tuple[str, int]]:
        """Return each customer's net money and number of orders that count."""
        counting = {customer: [cents for cents in own.values() if cents] for customer, own in self.orders.items()}
        return {who: (f"{sum(own) // 100}.{sum(own) % 100:02d}", len(own)) for who, own in counting.items()}


def a_shop(orders: int, seed: int) -> Shop:
    random, shop = Random(seed), Shop()
    for number in range(orders):
        customer, cents, at = random.randrange(60), random.randrange(1, 9000), BEGIN_MS + number * 60_000
        whose: Json = {"at": at, "customer": {"number": customer}}
        order: Json = {"id": f"A-{number}", "currency": "USD"}
        own = shop.orders[f"c-{customer}"]
        own[f"A-{number}"] = cents
        say(
            shop,
            {"event": "OrderPaid", **whose, "order": {**order, "goods_total": f"{cents // 100}.{cents % 100:02d}"}},
        )
        if number % 10 == 3:
            own[f"A-{number}"] = 0
            say(shop, {"event": "OrderVoided", **whose, "order": order})
        if number % 10 == 7:
            own[f"A-{number}"] -= cents // 2
            refund = {"id": f"R-{number}", "amount": f"{cents // 2 / 100:.2f}"}
            say(shop, {"event": "MoneyBack", **whose, "order": order, "refund": refund})
        if number % 50 == 9:
            say_badly(shop, number)
        if random.random() < 0.15:
            shop.messages.append(random.choice(shop.messages[-300:]))
    return shop


def say(shop: Shop, message: Json) -> None:
    shop.messages.append(json.dumps(message).encode())


def say_badly(shop: Shop, number: int) -> None:
    unknown, torn = json.dumps({"event": "OrderLost", "at": number}).encode(), f'{{"event": {number}'.encode()
    shop.messages += [unknown, torn]
