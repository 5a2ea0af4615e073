"""A row a line: grouped to orders, taken back by reversals, rejected with line and reason."""

from pathlib import Path

import pytest

from replay.importing.rows import SourceFileError
from tests.shop_files import HEADER, LINES, imported, imported_lines, mapping_of

MAPPING = mapping_of(LINES)


def test_lines_of_one_order_are_one_order_wherever_they_stand(tmp_path: Path) -> None:
    done = imported_lines(
        tmp_path,
        [
            "o-1,c-1,01.03.2024 12:00,lamp,2,10.05",
            "o-2,c-1,01.03.2024 11:00,bulb,1,0.10",
            "o-1,c-1,01.03.2024 12:01,bulb,3,0.10",
        ],
        MAPPING,
    )
    assert [event["order_id"] for event in done.events] == ["o-2", "o-1"]
    assert done.events[1] == {
        "type": "order.placed", "customer_id": "c-1", "order_id": "o-1", "occurred_at": "2024-03-01T11:00:00Z",
        "amount": "20.40", "currency": "EUR",
        "lines": [{"sku": "lamp", "quantity": 2, "amount": "20.10"}, {"sku": "bulb", "quantity": 3, "amount": "0.30"}],
    }  # fmt: skip


def test_one_order_id_of_two_customers_is_two_orders(tmp_path: Path) -> None:
    rows = ["o-1,c-1,01.03.2024 12:00,lamp,1,5", "o-1,c-2,01.03.2024 12:00,lamp,1,6"]
    assert [event["amount"] for event in imported_lines(tmp_path, rows, MAPPING).events] == ["5.00", "6.00"]


@pytest.mark.parametrize(
    ("row", "reason", "detail"),
    [
        ("o-1,,01.03.2024 12:00,lamp,1,5", "missing_customer_id", "customer_id: customer is empty"),
        (",c-1,01.03.2024 12:00,lamp,1,5", "missing_order_id", "order_id: order is empty"),
        ("o-1,c-1,,lamp,1,5", "missing_value", "occurred_at: at is empty"),
        ("o-1,c-1,2024-03-01,lamp,1,5", "invalid_time", 'occurred_at: "2024-03-01" is no time as %d.%m.%Y %H:%M'),
        ("o-1,c-1,31.03.2024 02:30,lamp,1,5", "invalid_time", "occurred_at"),
        ("o-1,c-1,01.03.2024 12:00,lamp,-1,5", "invalid_quantity", "quantity: -1 is not a whole number from 1"),
        ("o-1,c-1,01.03.2024 12:00,lamp,1.5,5", "invalid_quantity", "quantity: 1.5"),
        ("o-1,c-1,01.03.2024 12:00,lamp,1,-5", "negative_amount", "unit_price: -5 is below 0"),
        ("o-1,c-1,01.03.2024 12:00,lamp,1,free", "invalid_number", 'unit_price: "free" is no number'),
        ("o-1,c-1,01.03.2024 12:00,lamp,1,5.005", "amount_precision", "more digits than the minor unit of EUR"),
        ("o-1,c-1,01.03.2024 12:00,lamp,1," + "9" * 40, "invalid_number", "too large"),
        ("o-1,c-1,01.03.2024 12:00,lamp,1", "wrong_number_of_columns", "5 columns, the header has 6"),
        ("o-1,c-1,01.03.2024 12:00,lamp,1,5,6", "wrong_number_of_columns", "7 columns"),
        ('o-1,c-1,01.03.2024 12:00,"la"mp,1,5', "malformed_csv", "lines 2 to 2: "),
        (f"{'o' * 129},c-1,01.03.2024 12:00,lamp,1,5", "invalid_field", "order_id: "),
    ],
)
def test_a_bad_row_is_rejected_with_line_and_reason(tmp_path: Path, row: str, reason: str, detail: str) -> None:
    done = imported_lines(tmp_path, [row, "o-9,c-9,01.03.2024 12:00,lamp,1,5"], MAPPING)
    (refusal,) = done.refusals
    assert (refusal.line, refusal.fate, refusal.reason, refusal.text) == (2, "rejected", reason, row)
    assert detail in refusal.detail
    assert [event["order_id"] for event in done.events] == ["o-9"]


def test_an_order_that_lacks_a_line_is_not_imported_with_a_wrong_amount(tmp_path: Path) -> None:
    rows = ["o-1,c-1,01.03.2024 12:00,lamp,1,5", "o-1,c-1,01.03.2024 12:00,bulb,1,five", "o-1,,01.03.2024 12:00,x,1,1"]
    done = imported_lines(tmp_path, rows, MAPPING)
    assert done.events == []
    assert done.reasons == {2: "order_incomplete", 3: "invalid_number", 4: "missing_customer_id"}


def test_equal_rows_of_an_order_are_one_row_unless_the_mapping_says_else(tmp_path: Path) -> None:
    rows = ["o-1,c-1,01.03.2024 12:00,lamp,1,5", "o-1,c-1,01.03.2024 12:00,lamp,1,5"]
    assert imported_lines(tmp_path, rows, MAPPING).imported.books.duplicates == 1
    kept = imported_lines(tmp_path, rows, mapping_of(LINES, duplicates="keep"))
    assert kept.events[0]["amount"] == "10.00"


def test_a_line_id_that_says_two_things_rejects_its_order(tmp_path: Path) -> None:
    mapping = mapping_of(LINES.replace("sku: sku,", "sku: sku, line_id: id,"))
    rows = ["o-1,c-1,01.03.2024 12:00,lamp,1,5,7", "o-1,c-1,01.03.2024 12:00,lamp,2,5,7"]
    done = imported_lines(tmp_path, rows, mapping, header=f"{HEADER},id")
    assert done.reasons == {2: "order_incomplete", 3: "id_repeated"}


def test_what_costs_nothing_is_left_out_where_the_mapping_says_so(tmp_path: Path) -> None:
    rows = ["o-1,c-1,01.03.2024 12:00,gift,1,0", "o-1,c-1,01.03.2024 12:00,lamp,1,5"]
    done = imported_lines(tmp_path, rows, mapping_of(LINES, zero_amount="leave_out"))
    assert (done.events[0]["amount"], done.refusals[0].fate) == ("5.00", "left_out")
    assert len(str(imported_lines(tmp_path, rows, MAPPING).events[0]["lines"]).split("sku")) == 3


def test_a_reversal_takes_back_the_latest_pieces_at_that_price_first(tmp_path: Path) -> None:
    done = imported_lines(
        tmp_path,
        [
            "o-1,c-1,01.03.2024 12:00,lamp,5,10",
            "o-2,c-1,02.03.2024 12:00,lamp,2,10",
            "o-3,c-1,03.03.2024 12:00,lamp,9,11",
            "o-4,c-2,03.03.2024 12:00,lamp,9,10",
            "C5,c-1,04.03.2024 12:00,lamp,-3,10",
            "C6,c-1,05.03.2024 12:00,lamp,-5,10",
            "C7,c-1,06.03.2024 12:00,lamp,-4,10",
            "o-8,c-1,07.03.2024 12:00,lamp,9,10",
        ],
        MAPPING,
    )
    refunds = [
        (event["refund_id"], event["order_id"], event["amount"])
        for event in done.events
        if event["type"] == "order.refunded"
    ]
    assert refunds == [("C5/o-1", "o-1", "10.00"), ("C5/o-2", "o-2", "20.00"), ("C7/o-1", "o-1", "40.00")]
    assert done.reasons == {7: "no_known_purchase"}
    assert done.refusals[0].detail == "the customer's earlier orders have 4 of 5 pieces at this price"


def test_shares_of_a_reversal_add_up_to_the_cent(tmp_path: Path) -> None:
    rows = [f"o-{number},c-1,0{number}.03.2024 12:00,nut,1,0.125" for number in range(1, 8)]
    mapping = mapping_of(LINES.replace("currency: EUR", "currency: EUR, rounding: half_even"))
    done = imported_lines(tmp_path, [*rows, "C1,c-1,20.03.2024 12:00,nut,-7,0.125"], mapping)
    refunds = [float(str(event["amount"])) for event in done.events if event["type"] == "order.refunded"]
    assert (len(refunds), round(sum(refunds), 2)) == (7, 0.88)


def test_statuses_make_what_follows_a_purchase(tmp_path: Path) -> None:
    rules = """
  - {when: {field: status, values: [ok]}, emit: placed}
  - {when: {field: status, values: [void]}, emit: [placed, cancelled]}
  - {when: {field: status, values: [back]}, emit: [placed, returned, refunded], at: back_at}
"""
    mapping = mapping_of(LINES[: LINES.index("rules:")] + f"rules:{rules}")
    done = imported_lines(
        tmp_path,
        [
            "o-1,c-1,01.03.2024 12:00,lamp,1,5,ok,",
            "o-1,c-1,01.03.2024 12:00,bulb,1,2,back,03.03.2024 12:00",
            "o-2,c-1,01.03.2024 12:00,lamp,1,5,void,",
            "o-2,c-1,01.03.2024 12:00,bulb,1,2,void,",
            "o-3,c-1,01.03.2024 12:00,lamp,1,5,ok,",
            "o-3,c-1,01.03.2024 12:00,bulb,1,2,void,",
            "o-4,c-1,01.03.2024 12:00,lamp,1,5,back,",
            "o-5,c-1,01.03.2024 12:00,lamp,1,5,lost,",
        ],
        mapping,
        header=f"{HEADER},status,back_at",
    )
    assert [(event["type"], event["order_id"], event.get("amount")) for event in done.events] == [
        ("order.placed", "o-1", "7.00"),
        ("order.placed", "o-2", "7.00"),
        ("order.cancelled", "o-2", None),
        ("order.placed", "o-3", "7.00"),
        ("order.refunded", "o-3", "2.00"),
        ("order.refunded", "o-1", "2.00"),
        ("order.returned", "o-1", None),
    ]
    assert done.events[-2]["refund_id"] == "o-1/bulb"
    assert done.reasons == {8: "missing_value", 9: "no_rule"}
    assert done.refusals[1].detail.endswith("status: lost")


def test_a_file_of_another_country_is_read(tmp_path: Path) -> None:
    text = LINES.replace("currency: EUR", "currency: EUR, decimal: ',', thousands: '.', strip: '€ '")
    path = tmp_path / "shop.csv"
    content = f'{HEADER.replace(",", ";")}\r\no-1;c-1;01.03.2024 12:00;"Lämpchen; klein";2;"1.234,50 €"\r\n'
    path.write_bytes(content.encode("cp1252"))
    done = imported(path, mapping_of(text, source="{delimiter: ';', encoding: cp1252}"))
    assert done.events[0]["amount"] == "2469.00"
    assert done.events[0]["lines"] == [{"sku": "Lämpchen; klein", "quantity": 2, "amount": "2469.00"}]


def test_a_byte_order_mark_and_a_wrong_byte_spoil_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "shop.csv"
    rows = b"o-1,c-1,01.03.2024 12:00,lamp,1,5\n\no-2,c-1,01.03.2024 12:00,l"
    path.write_bytes(b"\xef\xbb\xbf" + HEADER.encode() + b"\n" + rows + b"\xe4mp,1,5\n")
    done = imported(path, MAPPING)
    assert [event["order_id"] for event in done.events] == ["o-1"]
    assert done.reasons == {4: "wrong_encoding"}


def test_a_column_that_is_not_there_stops_the_import(tmp_path: Path) -> None:
    with pytest.raises(SourceFileError) as caught:
        imported_lines(tmp_path, [], MAPPING, header="order,customers,at,sku,pieces,price,price")
    assert "has no column 'customer', which fields.customer_id of the mapping names; did you mean customers?" in str(
        caught.value
    )
    assert "has 2 columns 'price'" in str(caught.value)


def test_consent_is_said_once_a_customer_before_the_first_order(tmp_path: Path) -> None:
    rows = ["o-1,c-1,01.03.2024 12:00,lamp,1,5", "o-2,c-1,02.03.2024 12:00,lamp,1,5"]
    done = imported_lines(tmp_path, rows, mapping_of(LINES, consent="granted"))
    assert [event["type"] for event in done.events] == ["consent.changed", "order.placed", "order.placed"]
    assert done.events[0]["occurred_at"] == done.events[1]["occurred_at"]
