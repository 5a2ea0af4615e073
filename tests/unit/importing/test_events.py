"""A JSON row an order, or a thing that happened to one."""

import json
from pathlib import Path

import pytest

from schemas.mapping_file import load_mapping
from tests.shop_files import Done, Json, imported

EXAMPLES = Path(__file__).parents[3] / "examples"
MAPPING = load_mapping(EXAMPLES / "shop_events.mapping.yaml")


def an_order(order_id: str, total: object = "5.00", **order: object) -> Json:
    """Return what the example's shop says when an order is paid."""
    details = {"id": order_id, "goods_total": total, "currency": "EUR", **order}
    return {"event": "OrderPaid", "at": "2026-03-02T10:00:00Z", "customer": {"number": 18}, "order": details}


def run(folder: Path, *rows: Json | str) -> Done:
    path = folder / "events.jsonl"
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\ufeff" + "\n".join(lines), encoding="utf-8")
    return imported(path, MAPPING)


def test_the_example_becomes_four_events() -> None:
    done = imported(EXAMPLES / "shop_events.jsonl", MAPPING)
    assert [(event["type"], event["customer_id"]) for event in done.events] == [
        ("order.placed", "c-17"), ("order.placed", "c-18"), ("order.refunded", "c-17"), ("order.cancelled", "c-18"),
    ]  # fmt: skip
    assert [(refusal.line, refusal.fate) for refusal in done.refusals] == [(2, "left_out"), (4, "duplicate")]


def test_words_that_are_not_listed_stay_and_missing_ones_get_the_default(tmp_path: Path) -> None:
    done = run(tmp_path, an_order("1", source="app-ios"), an_order("2", source="kiosk"), an_order("3", source=None))
    assert [event["channel"] for event in done.events] == ["app", "kiosk", "web"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("{oops", "malformed_json"),
        ("[1]", "malformed_json"),
        ("[" * 5000, "malformed_json"),
        ('{"event": "OrderLost"}', "no_rule"),
        (an_order("1", [1]), "invalid_field"),
        (an_order("1", True), "invalid_number"),
        (an_order("1", currency="Taler"), "invalid_field"),
        (an_order("1", currency=None), "invalid_field"),
        (an_order("1", items={"code": "x"}), "invalid_field"),
        (an_order("1", items=[{"group": "x"}]), "missing_value"),
        (an_order("1", "5.001"), "amount_precision"),
        (an_order("1", -5), "negative_amount"),
        (json.dumps(an_order("1", 7)).replace("7}", "1e999999}").replace("7,", "1e999999,"), "invalid_number"),
        (json.dumps(an_order("77")).replace('"77"', "1e999999"), "invalid_number"),
    ],
)
def test_a_bad_row_is_rejected_with_its_reason(tmp_path: Path, row: Json | str, reason: str) -> None:
    done = run(tmp_path, row, an_order("2"))
    assert (done.reasons, len(done.events)) == ({1: reason}, 1)


def test_an_id_that_another_row_has_is_rejected_because_a_worker_would_drop_it(tmp_path: Path) -> None:
    done = run(tmp_path, an_order("1"), an_order("1", "6.00"))
    assert done.events[0]["amount"] == "5.00"
    assert (done.refusals[0].reason, done.refusals[0].detail) == ("id_repeated", "line 1 has the same order id")
