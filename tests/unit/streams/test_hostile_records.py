"""Records that once stopped a worker: each is a dead letter now, or taken, and the next one is taken as well."""

from __future__ import annotations

import json

import pytest

from schemas.instants import parse_instant
from schemas.record import TIMESTAMP_MS_END, Headers, LogRecord
from schemas.topics import ORDERS
from state.merge import in_order
from state.outputs import TRUNCATED_BYTES, Output, text_of
from streams.observed import SENT_AT, Observed
from streams.outbox import OutboxEntry, decode_outbox, encode_outbox
from tests.builders import an_order
from tests.product import ProductFold

AT_MS = 1_488_369_600_000  # 2017-03-01T12:00:00Z


def a_record(
    value: bytes | None = b"", headers: Headers = (), timestamp_ms: int = AT_MS, key: bytes | None = b"c-1"
) -> LogRecord:
    given = json.dumps(an_order("o-1", "700.00")).encode() if value == b"" else value
    return LogRecord(ORDERS, 0, 0, timestamp_ms, key, given, headers)


def folded(*records: LogRecord) -> ProductFold:
    fold = ProductFold({})
    for record in records:
        fold.take(record)
    fold.finish()
    return fold


def the_letter_of(record: LogRecord) -> Output:
    """Return the dead letter as it comes out of the outbox again."""
    (letter,) = [one for one in folded(record).run.outputs if one.topic.endswith(".dlq")]
    return decode_outbox(encode_outbox(OutboxEntry(1, 1, b"", [letter]))).outputs[0]


@pytest.mark.parametrize("name", ["ce_type", "content-type", "trace"])
def test_a_header_without_a_value_is_no_obstacle_and_kept_in_the_dead_letter(name: str) -> None:
    assert folded(a_record(headers=((name, None),))).counts == {"applied": 1}
    letter = the_letter_of(a_record(b"{}", headers=((name, None),)))
    assert letter.headers[0] == (name, None)
    assert text_of(letter.headers, "tl_reason") == "unknown_type"


@pytest.mark.parametrize("timestamp_ms", [-(2**63), -2, -1, TIMESTAMP_MS_END, 253_402_300_800_000, 2**63 - 1])
def test_a_timestamp_that_no_moment_has_counts_as_none(timestamp_ms: int) -> None:
    fold = folded(a_record(b"{}"), a_record(timestamp_ms=timestamp_ms), a_record(b"{}", timestamp_ms=timestamp_ms))
    assert fold.counts == {"dead": 2, "applied": 1}
    assert fold.run.meta.clock_at == AT_MS * 1000
    assert text_of(fold.run.outputs[-1].headers, "tl_at") == "2017-03-01T12:00:00Z"


def test_the_last_possible_timestamp_can_be_lived_through() -> None:
    program = {"tiers": {"term_days": 36_500, "grace_days": 36_500, "window": {"rolling_days": 36_500}}}
    fold = ProductFold(program)
    late = json.dumps(an_order("o-1", "700.00", "8999-12-31T23:00:00Z")).encode()
    fold.take(a_record(late, timestamp_ms=TIMESTAMP_MS_END - 1))
    fold.finish()
    (view,) = fold.states(fold.run.meta.clock_at).values()
    assert fold.counts == {"applied": 1}
    assert isinstance(view["tier"], dict)
    assert view["tier"]["name"] == "silver"


def test_records_without_a_possible_timestamp_are_ordered_by_the_clock() -> None:
    odd, usual = a_record(timestamp_ms=2**63 - 1), a_record(timestamp_ms=AT_MS)
    heads = {"a": [odd], "b": [usual]}
    assert in_order(heads, frozenset(heads), AT_MS * 1000 + 1, 2) == [usual, odd]


def test_a_dead_letter_has_room_for_what_it_says_whatever_its_record_brought() -> None:
    big = the_letter_of(a_record(b"{}", headers=(("h", b"x" * 900_000),), key=b"k" * 900_000))
    assert (big.key, big.value) == (b"k" * TRUNCATED_BYTES, b"{}")
    assert [name for name, _ in big.headers if not name.startswith("tl_")] == []
    assert text_of(big.headers, "tl_truncated") == "true"
    whole = the_letter_of(a_record(b"{}", headers=(("h", b"x" * 60_000),)))
    assert whole.headers[0] == ("h", b"x" * 60_000)
    assert text_of(whole.headers, "tl_truncated") == ""


def test_a_record_of_neither_key_nor_value_has_a_dead_letter_that_can_be_sent() -> None:
    letter = the_letter_of(a_record(None, key=None))
    assert (letter.key, letter.value) == (None, b"")
    assert text_of(letter.headers, "tl_reason") == "malformed_json"
    assert the_letter_of(a_record(None)).value is None


def test_our_words_win_over_headers_that_pretend_to_be_ours() -> None:
    letter = the_letter_of(a_record(b"{}", headers=(("tl_reason", b"\xff"), ("tl_offset", b"-7"))))
    assert (text_of(letter.headers, "tl_reason"), text_of(letter.headers, "tl_offset")) == ("unknown_type", "0")


@pytest.mark.parametrize("odd", [None, b"", b"nan", b"inf", b"-inf", b"-1e308", b"1e400", b"\xff", "１".encode()])
def test_whatever_a_record_says_about_its_sending_leaves_the_metrics_finite(odd: bytes | None) -> None:
    observed = Observed()
    observed.saw([a_record(headers=((SENT_AT, odd),))] * 2, lambda: parse_instant("2017-03-01T12:00:00Z"))
    assert observed.visible_seconds == 0


def test_an_envelope_that_a_header_announces_is_not_read_as_a_bare_event() -> None:
    headers: Headers = (("content-type", b"application/cloudevents+json"),)
    assert text_of(the_letter_of(a_record(headers=headers)).headers, "tl_reason") == "invalid_field"
