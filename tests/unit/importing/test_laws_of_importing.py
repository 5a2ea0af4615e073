"""Laws: the books add up for any file, orders may stand in any order, and no cent is made or lost."""

import random
import tempfile
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.shop_files import LINES, Done, imported_lines, mapping_of

MAPPING = mapping_of(LINES)
Row = tuple[str, str, str, str, str, str]

ids = st.sampled_from(["o-1", "o-2", "o-3", "C4", "C5", ""])
customers = st.sampled_from(["c-1", "c-1", "c-2", ""])
times = st.sampled_from(["01.03.2024 12:00", "02.03.2024 08:30", "05.03.2024 00:00", "yesterday"])
prices = st.decimals(0, 500, places=2).map(str) | st.sampled_from(["1.00", "1.00", "-3.00", "0", "1.005", "x"])
pieces = st.sampled_from(["1", "2", "3", "-1", "-2", "0", "many"])
any_rows = st.tuples(ids, customers, times, st.sampled_from(["lamp", "bulb"]), pieces, prices)
good_rows = st.tuples(
    ids.filter(lambda text: text.startswith("o")), st.just("c-1"), times.filter(lambda text: text[0] == "0"),
    st.just("lamp"), st.sampled_from(["1", "7"]), st.decimals(0, 500, places=2).map(str),
)  # fmt: skip


def run(rows: Iterable[Row | str]) -> Done:
    with tempfile.TemporaryDirectory() as folder:
        return imported_lines(Path(folder), [row if isinstance(row, str) else ",".join(row) for row in rows], MAPPING)


def money(done: Done, kind: str) -> Decimal:
    return sum((Decimal(str(event["amount"])) for event in done.events if event["type"] == kind), Decimal(0))


@given(rows=st.lists(any_rows | st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1)))
@settings(max_examples=150, deadline=None)
def test_every_row_is_in_the_books_once(rows: list[Row | str]) -> None:
    done = run(rows)
    refused = [refusal.line for refusal in done.refusals]
    assert len(refused) == len(set(refused))


@given(rows=st.lists(any_rows, max_size=25), seed=st.integers(0, 99))
@settings(max_examples=150, deadline=None)
def test_the_order_of_rows_of_different_orders_does_not_matter(rows: list[Row], seed: int) -> None:
    by_order: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        by_order.setdefault(row[:2], []).append(row)
    turns = [key for key, own in by_order.items() for _ in own]
    random.Random(seed).shuffle(turns)
    shuffled = [by_order[key].pop(0) for key in turns]
    once, again = run(rows), run(shuffled)
    assert [event.value for event in once.imported.events] == [event.value for event in again.imported.events]
    assert once.imported.books.rejected == again.imported.books.rejected


@given(rows=st.lists(good_rows, max_size=25))
@settings(max_examples=100, deadline=None)
def test_money_in_is_money_out(rows: list[Row]) -> None:
    wanted = sum((Decimal(price) * int(count) for *_, count, price in set(rows)), Decimal(0))
    assert money(run(rows), "order.placed") == wanted


@given(rows=st.lists(any_rows, max_size=25))
@settings(max_examples=100, deadline=None)
def test_no_more_goes_back_than_was_paid(rows: list[Row]) -> None:
    done = run(rows)
    paid = {(e["customer_id"], e["order_id"]): Decimal(str(e["amount"])) for e in done.events if "lines" in e}
    for event in done.events:
        if event["type"] == "order.refunded":
            paid[event["customer_id"], event["order_id"]] -= Decimal(str(event["amount"]))
    assert all(left >= 0 for left in paid.values())
