"""`tierline value` over real servers: what a priced shop spent, from Kafka's journal."""

import asyncio
import json
from decimal import Decimal

import pytest

from models.settings import LearningSettings
from schemas.instants import format_instant, parse_instant
from schemas.topics import ORDERS
from tests.integration.commands import tierline
from tests.integration.installation import Installation
from tests.integration.shop import Record, a_shop
from tests.integration.trainer_process import a_trainer

SETTINGS = LearningSettings(k=2, warm_up_days=2, reservoir_customers=30, learn_every=2)
FOUR_HOURS_MS = 4 * 3_600_000
FIRST = 120
HORIZON_US = 90 * 86_400_000_000


@pytest.mark.timeout(180)
async def test_prices_of_a_moment_are_compared_with_the_spend_of_ninety_days(installation: Installation) -> None:
    # Orders alone: a consent from after the moment that is read before an order from before it would move that order.
    shop = [
        one for one in a_shop(800, seed=8, customers=50, redelivered=0.1, every_ms=FOUR_HOURS_MS) if one[0] == ORDERS
    ]
    begun = next(number for number, one in enumerate(shop) if one[2] > shop[0][2] + FIRST * FOUR_HOURS_MS)
    installation.start_worker()
    a_trainer(installation, SETTINGS)
    await installation.produce(shop[:begun], a_second=15)
    await installation.await_adoption()
    early = await asyncio.to_thread(tierline, "value", settings=installation.settings)
    assert (early.code, "too little to judge" in early.err) == (1, True), early.err
    await installation.produce(shop[begun:], a_second=200)
    await installation.await_rest()

    html = installation.folder / "value.html"
    told = await asyncio.to_thread(tierline, "value", "--json", "--html", str(html), settings=installation.settings)
    assert told.code == 0, told.err
    report = json.loads(told.out)
    clocks = [meta.clock_at for meta in await installation.metas()]
    assert report["at"] == format_instant(min(clocks) - HORIZON_US)
    assert 40 <= report["customers"] <= 50
    assert report["unpriced"] == 0
    # Nobody had their first order after the moment, so what was spent is what orders less refunds of the time come to.
    begin, end = (parse_instant(report[one]) for one in ("at", "until"))
    assert Decimal(report["spent"]) == _net_within(shop, begin, end)
    assert f'<td class="number">{report["tenths"][0]["mean_spent"]}</td>' in html.read_text("utf-8")

    late = format_instant(min(clocks) - HORIZON_US + 86_400_000_000)
    refused = await asyncio.to_thread(tierline, "value", "--at", late, settings=installation.settings)
    assert (refused.code, f"Give --at {report['at']} or earlier" in refused.err) == (1, True), refused.err


def _net_within(shop: list[Record], begin: int, end: int) -> Decimal:
    """Return orders less refunds that arrived in the time, each once; refunds never exceed their order here."""
    seen: set[str] = set()
    total = Decimal(0)
    for topic, _, at_ms, value in shop:
        event = json.loads(value)
        identity = f"{event['type']}:{event.get('refund_id') or event.get('order_id')}"
        if topic == ORDERS and identity not in seen:
            seen.add(identity)
            if begin <= at_ms * 1000 < end:
                total += Decimal(str(event["amount"])) * (1 if event["type"] == "order.placed" else -1)
    return total
