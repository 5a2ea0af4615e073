"""Traces: an order's trace goes on in its nudge, hostile headers do no harm, and what did not happen has no span."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.record import Headers
from schemas.topics import CHANGES, NUDGES, ORDERS
from state.outputs import Output, text_of
from streams.commit import commit
from streams.ingest import ingest
from streams.outbox import OutboxEntry, decode_outbox, encode_outbox
from streams.ports import LostClaimError
from streams.relay import relay
from streams.tracing import extract
from tests.unit.streams.traced import (
    PARENT,
    TRACE,
    Traced,
    bench_of,
    context_of,
    id_of,
    orders,
    parent_of,
    parents,
    untraced,
)
from tierline.redis_address import SettingsError
from tierline.settings import load_settings
from tierline.tracing import tracing_of


async def test_the_producers_trace_goes_on_in_the_change_with_every_parent_right() -> None:
    traced = Traced()
    bench = bench_of(traced, orders((("traceparent", PARENT.encode()), ("tracestate", b"shop=1"))))
    await bench.work()
    process = traced.named(f"process {ORDERS}")
    assert parent_of(process) == "b7ad6b7169203331"
    for stage in ("fetch", "step", "commit"):
        assert parent_of(traced.named(stage)) == id_of(process)
    sends = {id_of(span): span for span in traced.spans if span.name.startswith("send ")}
    said = parents(bench.outputs)
    assert said
    for value in said:
        version, trace, span, flags = value.split("-")
        assert (version, trace, flags) == ("00", TRACE, "01")
        assert parent_of(sends[span]) == id_of(process)
    assert {text_of(o.headers, "tracestate") for o in bench.outputs if o.topic in (CHANGES, NUDGES)} == {"shop=1"}
    assert {f"{context_of(span).trace_id:032x}" for span in traced.spans} == {TRACE}


async def test_no_span_names_a_customer_or_an_order() -> None:
    traced = Traced(1.0)
    await bench_of(traced, orders((), key=b"c-1")).work()
    assert traced.spans
    told = " ".join(span.to_json() for span in traced.spans)
    assert "c-1" not in told
    assert "o-0" not in told


async def test_a_flag_that_says_not_sampled_is_passed_on_and_nothing_is_exported() -> None:
    traced = Traced(1.0)
    bench = bench_of(traced, orders((("traceparent", PARENT[:-2].encode() + b"00"),)))
    await bench.work()
    assert {(value[3:35], value[-2:]) for value in parents(bench.outputs)} == {(TRACE, "00")}
    assert traced.spans == ()


async def test_with_tracing_off_an_output_has_no_header_though_the_order_had() -> None:
    bench = bench_of(None, orders((("traceparent", PARENT.encode()),)))
    await bench.work()
    assert set(parents(bench.outputs)) == {""}
    assert len(parents(bench.outputs)) > 0


async def test_a_dead_letter_keeps_its_headers_as_they_came() -> None:
    given = (("traceparent", PARENT.encode()), ("x", b"y"))
    log = [replace(orders(given)[0], value=b"{")]
    bench = bench_of(Traced(), log)
    await bench.work()
    (letter,) = [output for output in bench.outputs if output.topic.endswith(".dlq")]
    assert [header for header in letter.headers if not header[0].startswith("tl_")] == list(given)


async def test_repeated_steps_of_a_rebuild_leave_no_span() -> None:
    traced = Traced(1.0)
    bench = bench_of(traced, orders((), ()))
    await bench.work()
    names, outputs = traced.names(), list(bench.outputs)
    assert names.count(f"process {ORDERS}") == 2
    await bench.work(rebuild=True)
    assert traced.names() == names
    assert bench.outputs == outputs


async def test_a_refused_commit_leaves_no_span() -> None:
    traced = Traced(1.0)
    bench = bench_of(traced, orders(()))
    zombie = await bench.claim()
    await bench.store.claim(0, "another worker's")
    with pytest.raises(LostClaimError):
        await ingest(zombie)
    assert zombie.observed.refused_commits == 1
    assert traced.spans == ()


async def test_who_takes_over_between_commit_and_relay_goes_on_with_the_trace() -> None:
    traced = Traced()
    bench = bench_of(traced, orders((("traceparent", PARENT.encode()),)))
    first = await bench.claim()
    while not await ingest(first):
        await commit(first)
    taken = traced.names()
    second = await bench.claim()
    assert traced.names() == taken
    await relay(second)
    process = traced.named(f"process {ORDERS}")
    sends = [span for span in traced.spans if span.name.startswith("send ")]
    assert {parent_of(span) for span in sends} == {id_of(process)}
    with pytest.raises(LostClaimError):
        await relay(first)
    assert [span for span in traced.spans if span.name.startswith("send ")] == sends


def test_an_erasure_in_the_outbox_takes_its_trace_and_leaves_the_others_theirs() -> None:
    outputs = [Output(CHANGES, key, b"{}", []) for key in (b"a", b"b", b"a", b"c")]
    traces = {n: {"traceparent": str(n)} for n in (0, 1, 3)}
    kept, withdrawn = OutboxEntry(1, 4, b"", outputs, traces).split({b"a"})
    assert len(withdrawn) == 2
    again = decode_outbox(encode_outbox(kept))
    assert [(o.key, again.traces[n]["traceparent"]) for n, o in enumerate(again.outputs)] == [(b"b", "1"), (b"c", "3")]


def test_an_outbox_entry_of_an_earlier_version_is_read() -> None:
    blob = msgspec.msgpack.encode([1, 1, b"", []])
    assert decode_outbox(blob) == OutboxEntry(1, 1, b"", [])


@pytest.mark.parametrize(
    "value",
    [None, b"", b"\xff\xfe", b"00-" + b"0" * 32 + b"-b7ad6b7169203331-01", b"ff" + PARENT[2:].encode(), b"0" * 100_000,
     PARENT.upper().encode(), PARENT.encode() + b"-x", f"00-{TRACE}-{'0' * 16}-01".encode()],
)  # fmt: skip
def test_a_traceparent_that_is_none_begins_no_trace(value: bytes | None) -> None:
    assert not extract((("traceparent", value),))


def test_two_traceparents_name_nothing() -> None:
    assert not extract((("traceparent", PARENT.encode()), ("traceparent", PARENT.encode())))


_names = st.sampled_from(["traceparent", "tracestate", "Traceparent", "", "x"])
_values = st.one_of(
    st.none(),
    st.binary(max_size=600),
    st.from_regex(rb"\A[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\Z"),
    st.text(max_size=200).map(str.encode),
)
_headers = st.lists(st.tuples(_names, _values), max_size=4).map(tuple)


@given(given_headers=st.lists(_headers, min_size=1, max_size=4))
@settings(deadline=None, max_examples=60)
async def test_whatever_the_headers_the_outputs_are_those_without_tracing(given_headers: list[Headers]) -> None:
    plain, traced = bench_of(None, orders(*given_headers)), bench_of(Traced(0.5), orders(*given_headers))
    await plain.work()
    await traced.work()
    assert untraced(traced.outputs) == plain.outputs
    assert traced.kafka.journal == plain.kafka.journal


def test_without_the_packages_a_start_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(SettingsError, match=r"TIERLINE_TRACING=true needs .* pip install 'tierline\[tracing\]'"):
        tracing_of(load_settings({"TIERLINE_TRACING": "true"}))


def test_with_tracing_off_a_worker_imports_nothing_of_it() -> None:
    code = (
        "import sys; from tierline.tracing import tracing_of; from tierline.settings import load_settings;"
        "import streams.worker, tierline.wiring; assert tracing_of(load_settings({})) is None;"
        "print(*(m for m in sys.modules if m.startswith(('opentelemetry.sdk.trace', 'opentelemetry.exporter'))));"
        "print(*(m for m in sys.modules if m == 'streams.tracing'))"
    )
    # The Redis client looks for the SDK's metrics by itself, whether we trace or not.
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
