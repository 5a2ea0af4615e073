from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.money import (
    MINOR_MAX,
    AmountPrecisionError,
    AmountRangeError,
    UnknownCurrencyError,
    format_minor,
    from_minor,
    to_minor,
)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.5", "USD", 1250),
        ("0.1", "USD", 10),
        ("-3", "EUR", -300),
        ("700", "JPY", 700),
        ("1.234", "KWD", 1234),
        ("1.2345", "CLF", 12345),
        ("1.5000000000", "USD", 150),
        ("0E+30", "USD", 0),
        ("10000000000000", "USD", MINOR_MAX),
    ],
)
def test_minor_units_follow_iso_4217(amount: str, currency: str, minor: int) -> None:
    assert to_minor(Decimal(amount), currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency", "error"),
    [
        ("0.005", "USD", AmountPrecisionError),
        ("0.1", "JPY", AmountPrecisionError),
        ("1.00000000000000000000000000000000000001", "USD", AmountPrecisionError),
        ("1E-999999", "USD", AmountPrecisionError),
        ("10000000000000.01", "USD", AmountRangeError),
        ("10000000000000.001", "USD", AmountRangeError),
        ("1E+999999", "USD", AmountRangeError),
        ("-10000000000000.01", "USD", AmountRangeError),
        ("NaN", "USD", AmountRangeError),
        ("sNaN", "USD", AmountRangeError),
        ("-Infinity", "USD", AmountRangeError),
        ("1", "usd", UnknownCurrencyError),
        ("1", "XXX", UnknownCurrencyError),
    ],
)
def test_what_minor_units_cannot_hold_is_refused(amount: str, currency: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        to_minor(Decimal(amount), currency)


@given(st.integers(-MINOR_MAX, MINOR_MAX), st.sampled_from(["USD", "JPY", "KWD", "CLF"]))
def test_money_survives_the_wire(minor: int, currency: str) -> None:
    assert to_minor(Decimal(format_minor(minor, currency)), currency) == minor
    assert to_minor(from_minor(minor, currency), currency) == minor


def test_three_times_ten_cents_are_thirty_cents() -> None:
    assert format_minor(3 * to_minor(Decimal("0.10"), "USD"), "USD") == "0.30"
    assert format_minor(-5, "USD") == "-0.05"
    assert format_minor(-5, "JPY") == "-5"
