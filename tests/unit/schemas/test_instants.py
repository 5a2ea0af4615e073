import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.instants import INSTANT_MAX, INSTANT_MIN, format_instant, from_datetime, parse_instant, to_datetime


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
        ("2026-01-31T12:00:00.000000+00:00", "2026-01-31T12:00:00Z"),
        ("2026-01-31T12:00:00.12+01:00", "2026-01-31T11:00:00.120Z"),
        ("2026-01-31T12:00:00.000001-05:30", "2026-01-31T17:30:00.000001Z"),
        ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
    ],
)
def test_instants_are_written_in_utc_with_as_few_digits_as_needed(text: str, canonical: str) -> None:
    assert format_instant(parse_instant(text)) == canonical


@pytest.mark.parametrize(
    "text", ["2026-01-31T12:00:00", "2026-01-31", "12:00", "", "2026-02-30T12:00:00Z", "1769860800"]
)
def test_an_instant_names_a_real_time_and_its_offset(text: str) -> None:
    with pytest.raises(ValueError, match=r"RFC3339|timezone"):
        parse_instant(text)


@given(st.integers(INSTANT_MIN, INSTANT_MAX))
def test_instants_survive_text_and_datetimes(at: int) -> None:
    assert parse_instant(format_instant(at)) == at
    assert from_datetime(to_datetime(at)) == at
