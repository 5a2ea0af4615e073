"""Mistakes in a mapping are named with file, key, value and what would be right."""

from pathlib import Path

import pytest

from schemas.mapping_file import MappingFileError, load_mapping, read_mapping
from tests.shop_files import LINES

EXAMPLES = Path(__file__).parents[3] / "examples"
FIELDS = "fields: {order_id: a, customer_id: b, occurred_at: c, amount: d, currency: e}\n"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.mapping.yaml")), ids=lambda path: path.name)
def test_the_examples_are_mappings(path: Path) -> None:
    assert load_mapping(path).fields.customer_id is not None


def test_the_mapping_that_the_docs_show_is_one() -> None:
    text = (EXAMPLES.parent / "docs" / "onboarding.md").read_text("utf-8")
    mapping = read_mapping(text.split("```yaml\n")[1].split("```")[0])
    assert [rule.emit for rule in mapping.rules] == [("placed",), ("placed", "cancelled"), ("leave_out",)]


def test_a_bare_name_is_a_column() -> None:
    mapping = read_mapping(FIELDS)
    assert mapping.fields.order_id is not None
    assert mapping.fields.order_id.field == "a"
    assert mapping.rules[0].emit == ("placed",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "m.yaml: fields: is missing: give it, e.g. {order_id: InvoiceNo"),
        (FIELDS + "rows: line", "m.yaml: rows: there is no such key; did you mean row?"),
        (FIELDS + "row: lines", "m.yaml: row: \"lines\" is not allowed: give 'order' or 'line'"),
        (FIELDS + "money: {currency: EUROS}", 'm.yaml: money.currency: "EUROS" is not allowed: give at most 3'),
        (FIELDS + "money: {decimal: ',', thousands: ','}", "decimal and thousands are the same"),
        (
            FIELDS + "time: {formats: '%d.%m.%Y'}",
            "m.yaml: time: %d.%m.%Y has no offset; say where it is meant, e.g. zo",
        ),
        (FIELDS + "time: {formats: dd.mm}", 'm.yaml: time.formats[0]: "dd.mm" is not allowed: write rfc3339'),
        (FIELDS + "time: {zone: Berlin}", 'm.yaml: time.zone: "Berlin" is not allowed: must be a name of the IANA'),
        (FIELDS + "source: {encoding: utf9}", "m.yaml: source: encoding utf9 is unknown"),
        (FIELDS + "rules: [{emit: paid}]", "m.yaml: rules[0].emit[0]: \"paid\" is not allowed: give 'placed'"),
        (FIELDS + "rules: [{emit: [placed, leave_out]}]", "m.yaml: rules[0]: emit: leave_out stands alone"),
        (FIELDS + "rules: [{emit: refunded}]", "fields.refund_id is needed by rules[0]: say where it stands"),
        (FIELDS + "rules: [{when: {field: s}, emit: placed}]", "m.yaml: rules[0].when: give either values or pattern"),
        (FIELDS + "rules: [{when: {field: s, pattern: '('}, emit: placed}]", "write a regular expression of Python"),
        (FIELDS + "row: line", "fields.sku is needed by rules[0]"),
        ("fields: {order_id: a, occurred_at: c}", "fields.customer_id is needed by rules[0]"),
        ("fields: {order_id: a, customer_id: b, occurred_at: c, currency: d}", "fields.amount is needed by rules[0]"),
        ("fields: {order_id: {field: a, constant: b}}", "m.yaml: fields.order_id: give either field or constant"),
        (LINES + "row: order", "m.yaml: line 9, column 1: row stands twice"),
        (LINES.replace("row: line", "row: order"), "rules[0]: reversal needs row: line"),
        (LINES + "consent: 'yes'", "m.yaml: consent: \"yes\" is not allowed: give 'granted' or 'none'"),
    ],
)
def test_a_mistake_names_key_value_and_what_is_right(text: str, words: str) -> None:
    with pytest.raises(MappingFileError) as caught:
        read_mapping(text, "m.yaml")
    assert words in str(caught.value)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(MappingFileError, match=r"nowhere\.yaml: cannot be read \(No such file"):
        load_mapping(Path("nowhere.yaml"))
