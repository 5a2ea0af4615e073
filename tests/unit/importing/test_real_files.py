"""Whole files: the sample of this repository, and the real ones where the folder ``shared/data`` lies beside it."""

import json
from collections import Counter
from pathlib import Path

import pytest

from replay.from_log import replay_log
from replay.importing.run import log_records
from replay.log_file import write_log
from schemas.mapping import OrderMapping
from schemas.mapping_file import load_mapping
from schemas.program_file import load_program
from tests.online_retail import net_by_customer
from tests.shop_files import Done, imported, mapping_of

CHECKOUT = Path(__file__).parents[3]
EXAMPLES = CHECKOUT / "examples"
DATA = CHECKOUT.parent / "shared" / "data"
SAMPLE = EXAMPLES / "online_retail_sample.csv"
ONLINE_RETAIL = DATA / "online_retail" / "online_retail_2010-12_2011-02.csv.gz"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the folder shared/data is not beside the checkout")


def example(name: str) -> OrderMapping:
    return load_mapping(EXAMPLES / f"{name}.mapping.yaml")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("path", [SAMPLE, pytest.param(ONLINE_RETAIL, marks=needs_data)], ids=["sample", "whole"])
def test_a_replay_of_online_retail_is_what_pandas_makes_of_it(path: Path, tmp_path: Path) -> None:
    done = imported(path, example("online_retail"))
    log = tmp_path / "log.jsonl"
    write_log(log, log_records(done.imported.events))
    summary = replay_log(log, tmp_path / "out", load_program(EXAMPLES / "gift_shop.yaml")).as_json()
    assert (summary["applied"], summary["dead"], summary["duplicates"]) == (len(done.events), {}, 0)
    assert summary["refund_excess"] == "0.00"
    states = [json.loads(line) for line in (tmp_path / "out" / "states.jsonl").read_text().splitlines()]
    found = {state["customer_id"]: (state["rfm"]["monetary"], state["rfm"]["frequency"]) for state in states}
    wanted = net_by_customer(path)
    assert found == {customer: (f"{p // 100}.{p % 100:02d}", n) for customer, (p, n) in wanted.items()}


def test_the_sample_has_every_trouble_of_the_whole() -> None:
    books = imported(SAMPLE, example("online_retail")).imported.books
    assert set(books.rejected) == {"missing_customer_id", "no_known_purchase"}
    assert set(books.left_out) == {"not_goods", "zero_amount"}
    assert books.duplicates == 1


@needs_data
def test_online_retail_loses_no_line() -> None:
    done = imported(ONLINE_RETAIL, example("online_retail"))
    assert done.imported.as_json() == {
        "rows": 105_335,
        "rows_in_events": 67_140,
        "duplicates": 963,
        "left_out": {"not_goods": 566, "zero_amount": 7},
        "rejected": {"missing_customer_id": 35_962, "no_known_purchase": 697},
        "events": {"order.placed": 3_369, "order.refunded": 540},
        "customers": 1_680,
        "first_at": "2010-12-01T08:26:00Z",
        "last_at": "2011-02-28T17:01:00Z",
    }


@needs_data
def test_thelook_is_half_duplicates() -> None:
    done = imported(DATA / "thelook" / "subset_order_items.csv", example("thelook"))
    books = done.imported.books
    assert (books.rows, books.in_events, books.duplicates, books.rejected.total()) == (1_000, 507, 493, 0)
    kinds = Counter(event["type"] for event in done.events)
    assert kinds == {"order.placed": 355, "order.cancelled": 86, "order.returned": 40, "order.refunded": 40}


ZEOTAP = """
time: {formats: "%Y-%m-%d %H:%M:%S", zone: UTC}
money: {currency: USD}
fields: {order_id: TransactionID, customer_id: CustomerID, occurred_at: TransactionDate, amount: TotalValue}
"""
MERCH_STORE = """
row: line
time: {formats: "%Y%m%d", zone: America/New_York}
money: {currency: USD}
fields:
  order_id: Transaction_ID
  customer_id: CustomerID
  occurred_at: Transaction_Date
  sku: Product_SKU
  category: Product_Category
  quantity: Quantity
  unit_price: Avg_Price
  coupon: Coupon_Status
"""


def total_minor(done: Done) -> int:
    return sum(round(float(str(event["amount"])) * 100) for event in done.events)


@needs_data
def test_zeotap_adds_up_to_its_known_total() -> None:
    done = imported(DATA / "zeotap" / "Transactions.csv", mapping_of(ZEOTAP))
    assert (len(done.events), total_minor(done), done.refusals) == (1_000, 68_999_556, [])


@needs_data
def test_transaction_ids_that_customers_share_are_orders_of_each() -> None:
    done = imported(DATA / "merch_store" / "online_sales.csv.gz", mapping_of(MERCH_STORE))
    books = done.imported.books
    assert books.rows == 52_924
    assert len({event["order_id"] for event in done.events}) < len(done.events)
    assert len({(event["customer_id"], event["order_id"]) for event in done.events}) == len(done.events)
    assert not books.rejected
