"""Online Retail by pandas alone: what each customer spent, net of the cancellations that have a known purchase."""

from collections import defaultdict
from pathlib import Path

import pandas as pd

NOT_GOODS = ["POST", "DOT", "C2", "M", "m", "D", "S", "B", "BANK CHARGES", "AMAZONFEE", "CRUK", "PADS"]


def net_by_customer(path: Path) -> dict[str, tuple[int, int]]:
    """Return each customer's net pence and orders that count: not all of their money went back."""
    rows = _cleaned(path)
    refunds = _refunded(rows)
    orders = rows[~rows["back"]].groupby(["CustomerID", "InvoiceNo"])["pence"].sum().rename("paid").reset_index()
    keys = zip(orders["CustomerID"], orders["InvoiceNo"], strict=True)
    orders["refunded"] = [refunds.get(key, 0) for key in keys]
    counting = orders[orders["refunded"] < orders["paid"]]
    net = (counting["paid"] - counting["refunded"]).groupby(counting["CustomerID"]).agg(["sum", "size"])
    found = dict.fromkeys(orders["CustomerID"].unique(), (0, 0))
    return found | {str(row[0]): (int(row[1]), int(row[2])) for row in net.itertuples()}


def _cleaned(path: Path) -> pd.DataFrame:
    rows = pd.read_csv(path, dtype=str, keep_default_na=False).drop_duplicates()
    rows = rows[(rows["CustomerID"] != "") & ~rows["StockCode"].str.strip().isin(NOT_GOODS)]
    price, pieces = (rows["UnitPrice"].astype(float) * 100).round().astype(int), rows["Quantity"].astype(int)
    rows = rows.assign(
        CustomerID=rows["CustomerID"].str.removesuffix(".0"), back=rows["InvoiceNo"].str.startswith("C"),
        price=price, pieces=pieces.abs(), pence=price * pieces.abs(), at=pd.to_datetime(rows["InvoiceDate"]),
    )  # fmt: skip
    rows = rows[rows["back"] | (rows["price"] > 0)]
    first_at = rows.groupby(["CustomerID", "InvoiceNo"])["at"].transform("min")
    return rows.assign(at=first_at.where(~rows["back"], rows["at"]))


def _refunded(rows: pd.DataFrame) -> dict[tuple[str, str], int]:
    """Pence that went back of each order: pieces are taken from the newest earlier purchase at that price."""
    refunds: dict[tuple[str, str], int] = defaultdict(int)
    product = ["CustomerID", "StockCode", "price"]
    concerned = rows[rows.groupby(product)["back"].transform("any")]
    for _, lines in concerned.groupby(product):
        price, customer = int(lines["price"].iloc[0]), str(lines["CustomerID"].iloc[0])
        bought = lines[~lines["back"]].sort_values(["at", "InvoiceNo"], ascending=False, kind="stable")
        left = list(bought["pieces"])
        backs = lines[lines["back"]].sort_values(["at", "InvoiceNo"], kind="stable")
        for at, wanted in zip(backs["at"], backs["pieces"], strict=True):
            earlier = [number for number, bought_at in enumerate(bought["at"]) if bought_at <= at]
            if sum(left[number] for number in earlier) < wanted:
                continue
            for number in earlier:
                taken = min(left[number], wanted)
                left[number] -= taken
                wanted -= taken  # noqa: PLW2901
                refunds[customer, str(bought["InvoiceNo"].iloc[number])] += taken * price
    return refunds
