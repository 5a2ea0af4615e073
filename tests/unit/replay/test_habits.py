"""What groups buy, where and when: each order once, whatever order the records come in, and only what numbers carry."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from random import Random

import msgspec
import pytest

from replay.habits import EVERYBODY, HabitCounter, Habits, count_habits
from schemas.instants import parse_instant
from schemas.record import LogRecord
from schemas.topics import CONSENTS, ORDERS
from state.calendar import calendar_of
from tests import builders
from tierline.habit_words import habit_words, habits_view

GROUPS = {"c-1": ("vip",), "c-2": ("vip", "near"), "c-3": ()}


def a_record(event: Mapping[str, object]) -> LogRecord:
    topic = ORDERS if str(event["type"]).startswith("order") else CONSENTS
    at = parse_instant(str(event["occurred_at"])) // 1000
    key = str(event["customer_id"]).encode()
    return LogRecord(topic, 0, 0, at, key, json.dumps(event).encode(), ())


def an_order(order_id: str, customer_id: str = "c-1", at: str = "2017-06-03T23:30:00Z", **fields: object) -> LogRecord:
    return a_record(builders.an_order(order_id, "10.00", at, customer_id=customer_id, **fields))


def counted(records: list[LogRecord], zone: str = "UTC") -> HabitCounter:
    counter = HabitCounter(GROUPS, calendar_of(zone).day_of)

    async def read(topic: str) -> AsyncIterator[LogRecord]:
        for record in records:
            if record.topic == topic:
                yield record

    asyncio.run(count_habits(counter, read))
    return counter


def lines(*categories: str | None) -> list[dict[str, object]]:
    return [{"sku": "s", "category": one, "amount": "1.00"} for one in categories]


def test_an_order_has_each_category_once_and_its_weekday_is_local() -> None:
    one = an_order("o-1", lines=lines("tea", "tea", "rice", None), region="north", channel="app")
    habits = counted([one]).habits("vip")
    assert habits.orders == 1
    assert {aspect: dict(values) for aspect, values in habits.counts.items()} == {
        "category": {"tea": 1, "rice": 1}, "region": {"north": 1}, "weekday": {"Saturday": 1}, "channel": {"app": 1},
    }  # fmt: skip
    assert dict(counted([one], "Europe/Berlin").habits("vip").counts["weekday"]) == {"Sunday": 1}


def test_groups_may_overlap_and_everybody_holds_who_is_in_none() -> None:
    counter = counted([an_order("o-1"), an_order("o-1", "c-2"), an_order("o-1", "c-3"), an_order("o-1", "c-9")])
    assert [counter.habits(group).orders for group in ("vip", "near", EVERYBODY, "nothing")] == [2, 1, 3, 0]


@pytest.mark.parametrize("seed", range(10))
def test_repeated_cancelled_and_erased_orders_do_not_count_in_any_order(seed: int) -> None:
    kept = [an_order("o-1"), an_order("o-1"), an_order("o-5", at="2017-06-09T10:00:00Z")]
    again = builders.a_reinstatement("o-5", "2017-06-11T10:00:00Z", customer_id="c-1")
    ended = [
        an_order("o-2"),
        a_record(builders.a_cancellation("o-2", "2017-06-04T10:00:00Z", customer_id="c-1")),
        a_record(builders.a_cancellation("o-5", "2017-06-10T10:00:00Z", customer_id="c-1")),
        a_record(again),
        an_order("o-3", "c-2"),
        a_record(builders.an_erasure("2017-06-05T10:00:00Z", customer_id="c-2")),
    ]
    broken = msgspec.structs.replace(an_order("o-4"), value=b"{")
    records = [*kept, *ended, broken, msgspec.structs.replace(an_order("o-6"), key=b"somebody else")]
    Random(seed).shuffle(records)
    counter = counted(records)
    assert (counter.habits("vip").orders, counter.habits("near").orders) == (2, 0)


def of(orders: int, **categories: int) -> Habits:
    counts = {aspect: Counter[str]() for aspect in ("category", "region", "weekday", "channel")}
    counts["category"].update(categories)
    return Habits(orders, counts, {"category": orders, "region": 0, "weekday": 0, "channel": 0})


@pytest.mark.parametrize(
    ("mine", "said"),
    [
        (of(1_000, tea=300, rice=900), True),
        (of(1_000, tea=205, rice=900), False),
        (of(40, tea=10, rice=36), False),
        (of(20, tea=20), False),
    ],
    ids=["clearly more", "hardly more", "may be chance", "too few orders"],
)
def test_more_than_others_is_said_only_where_it_is_clear(mine: Habits, said: bool) -> None:
    words = list(habit_words(mine, of(10_000, tea=2_000, rice=9_000)))
    assert bool(words) == said
    assert not said or words[0].replace("\xa0", " ") == "30.0 % of their orders hold tea; of all orders 20.0 %."


def test_without_orders_nothing_is_listed() -> None:
    view = habits_view(of(0), of(0))
    assert (view["orders"], view["category"], view["words"]) == (0, [], [])
