"""Arbitrary bytes and arbitrary JSON into the decoder: a verdict, and on the fast path the same as on pydantic's."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.decoding import NESTED_MAX, Event, RejectedError, decode, judge
from schemas.events import MODELS
from schemas.finishing import finish
from schemas.record import Headers, LogRecord
from schemas.topics import INPUTS, ORDERS
from schemas.wire_structs import tag_of
from state.admission import admit
from state.outputs import DeadLetter, dead_letter_output
from tests.builders import an_order
from tests.fuzz.mutations import encoded, mutated
from tests.fuzz.oddities import INSTANTS, NUMBERS, TEXTS

FIELDS = sorted({name for models in MODELS.values() for model in models for name in model.model_fields} | {"data", "x"})
KINDS = [str(tag_of(model)) for models in MODELS.values() for model in models]

topics = st.sampled_from(INPUTS)
names = st.sampled_from(FIELDS) | st.text(max_size=5)
odd = st.sampled_from([*NUMBERS, *TEXTS, *INSTANTS])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | odd,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=6),
    max_leaves=20,
)
members = st.lists(st.tuples(names, anything | st.sampled_from(KINDS)), max_size=12)
headers = st.lists(
    st.tuples(
        st.sampled_from(["ce_type", "content-type", "x"]),
        st.none() | st.binary(max_size=5) | st.sampled_from([b"order.placed", b"application/cloudevents+json"]),
    ),
    max_size=2,
).map(tuple)


def verdict(topic: str, value: bytes | None, headers: Headers = (), *, slowly: bool = False) -> Event | str:
    try:
        return finish(judge(topic, value or b"", headers)) if slowly else decode(topic, value, headers)
    except RejectedError as rejected:
        return rejected.reason


def assert_both_paths_agree(topic: str, value: bytes, headers: Headers = ()) -> None:
    assert verdict(topic, value, headers) == verdict(topic, value, headers, slowly=True)
    found = admit(LogRecord(topic, 0, 0, 0, b"k", value, headers))
    if isinstance(found, DeadLetter):
        detail = dict(dead_letter_output(found, 0).headers)["tl_detail"]
        assert (detail or b"").decode().isprintable()


@given(topics, st.binary(max_size=200), headers)
def test_any_bytes_get_a_verdict(topic: str, value: bytes, headers: Headers) -> None:
    assert_both_paths_agree(topic, value, headers)


@given(topics, members, headers, st.integers(0, 2**32))
@settings(max_examples=300)
def test_any_json_object_gets_the_same_verdict_on_both_paths(
    topic: str, fields: list[tuple[object, object]], headers: Headers, seed: int
) -> None:
    assert_both_paths_agree(topic, encoded(random.Random(seed), list(fields)), headers)


@given(anything, topics)
@example(value=[["a"]] * 3, topic=ORDERS)
def test_any_json_value_gets_a_verdict(value: object, topic: str) -> None:
    wrapped = encoded(random.Random(0), [("x", value)])
    assert_both_paths_agree(topic, wrapped)
    assert_both_paths_agree(topic, wrapped[len(b'{"x":') : -1])


@given(st.integers(0, 2**32))
@settings(max_examples=300)
def test_mutated_events_get_the_same_verdict_on_both_paths(seed: int) -> None:
    sent = mutated(random.Random(seed), ORDERS, an_order("o-1", lines=[{"sku": "s", "amount": "1"}]), 0)
    # The limit on nesting is looked at before there are two paths.
    if sent.value is not None and verdict(sent.topic, sent.value, sent.headers) != "malformed_json":
        assert_both_paths_agree(sent.topic, sent.value, sent.headers)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("1e99999999999999999999", "invalid_field"),
        ("1e-99999999999999999999", "invalid_field"),
        ("1" + "0" * 5000, "invalid_field"),
        ("1e999999999", "invalid_field"),
        ("1e-999999999", "amount_precision"),
        ("-1e999999999", "invalid_field"),
        ('"1.' + "0" * 5000 + '"', 100),
        ('"' + "0" * 5000 + '1"', 100),
        ("1." + "0" * 5000, 100),
        ("100e-2", 100),
        ("-0", 0),
    ],
)
def test_a_number_of_any_size_is_an_amount_or_a_dead_letter(written: str, expected: object) -> None:
    found = verdict(ORDERS, _order_with("amount", written))
    assert (found if isinstance(found, str) else getattr(found, "amount_minor")) == expected  # noqa: B009


@pytest.mark.parametrize("written", ["1e99999999999999999999", "1" + "0" * 5000, '{"a":[1e-99999999999999999999]}'])
@pytest.mark.parametrize("amount", ['"12.50"', "12.5"])
def test_a_number_that_no_field_reads_does_not_matter_on_either_path(written: str, amount: str) -> None:
    event = verdict(ORDERS, _order_with("amount", amount)[:-1] + f',"unknown":{written}}}'.encode())
    assert not isinstance(event, str)


@pytest.mark.parametrize(("depth", "is_taken"), [(NESTED_MAX - 1, True), (NESTED_MAX, False), (100_000, False)])
@pytest.mark.parametrize("amount", ['"12.50"', "12.5"])
def test_the_same_depth_is_too_deep_for_every_caller(depth: int, is_taken: bool, amount: str) -> None:
    value = _order_with("amount", amount)[:-1] + b',"x":' + b"[" * depth + b"]" * depth + b"}"
    assert isinstance(verdict(ORDERS, value), str) is not is_taken
    assert _from_far_down(value, 400) == verdict(ORDERS, value)


def test_many_brackets_are_not_deep_and_those_in_texts_do_not_count() -> None:
    many = _order_with("lines", "[" + ",".join(['{"sku":"s"}'] * 1000) + "]")
    told = _order_with("coupon", '"' + "[" * 500 + '\\"' + "{" * 400 + '"')
    assert not isinstance(verdict(ORDERS, many), str)
    assert not isinstance(verdict(ORDERS, told), str)


def _from_far_down(value: bytes, frames: int) -> Event | str:
    return verdict(ORDERS, value) if frames == 0 else _from_far_down(value, frames - 1)


def _order_with(name: str, written: str) -> bytes:
    body = {key: value for key, value in an_order("o-1").items() if key != name}
    return json.dumps(body).encode()[:-1] + f',"{name}":{written}}}'.encode()
