"""An engine whose spans are kept, orders that carry headers, and what a span or an output says of its parent."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

from msgspec.structs import replace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanContext

from schemas.record import Headers, LogRecord
from schemas.topics import CHANGES, NUDGES, ORDERS
from state.outputs import Output, text_of
from streams.tracing import PartitionTracing
from tests.builders import an_order
from tests.engines import EngineBench, Sizes
from tests.scenario import PROGRAM

AT_MS = 1_488_369_600_000  # 2017-03-01T12:00:00Z
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
Tracings = Callable[[int], PartitionTracing]


class Traced:
    """A provider whose spans are kept; without a header a record begins no sampled trace, or always one."""

    def __init__(self, ratio: float = 0.0) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(sampler=ParentBased(TraceIdRatioBased(ratio)), shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracings: Tracings = partial(PartitionTracing, provider.get_tracer("test"))

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self._exporter.get_finished_spans()

    def named(self, name: str) -> ReadableSpan:
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def names(self) -> list[str]:
        return sorted(span.name for span in self.spans)


def orders(*headers: Headers, key: bytes = b"c-1", amount: str = "700.00") -> list[LogRecord]:
    """Return orders, each of which says enough to change a tier, with these headers."""
    return [
        LogRecord(ORDERS, 0, n, AT_MS + n, key, json.dumps(an_order(f"o-{n}", amount)).encode(), given)
        for n, given in enumerate(headers)
    ]


def bench_of(traced: Traced | None, log: list[LogRecord]) -> EngineBench:
    return EngineBench(PROGRAM, log, Sizes(), new_tracing=None if traced is None else traced.tracings)


def parents(outputs: list[Output]) -> list[str]:
    return [text_of(output.headers, "traceparent") for output in outputs if output.topic in (CHANGES, NUDGES)]


def id_of(span: ReadableSpan) -> str:
    return f"{context_of(span).span_id:016x}"


def context_of(span: ReadableSpan) -> SpanContext:
    context = span.get_span_context()
    assert context is not None
    return context


def parent_of(span: ReadableSpan) -> str:
    assert span.parent is not None
    return f"{span.parent.span_id:016x}"


def untraced(outputs: list[Output]) -> list[Output]:
    ours = ("traceparent", "tracestate")
    return [replace(o, headers=[h for h in o.headers if h[0] not in ours]) for o in outputs]
