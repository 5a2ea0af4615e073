"""Traces: from a record's `traceparent` to the outputs that follow from it. Only imported where tracing is on.

A span is ended, and so exported, only after what it tells of happened: that of a record after its commit, that of an
output after its transaction. A refused commit, a repeated step and a zombie therefore leave none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import time_ns
from typing import Final

import msgspec
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from schemas.record import Headers, LogRecord
from schemas.topics import CHANGES, NUDGES, SUPPRESSIONS
from state.outputs import Output
from streams.outbox import Carrier, OutboxEntry

TRACED: Final = frozenset({NUDGES, SUPPRESSIONS, CHANGES})
"""The topics whose records carry a `traceparent` of ours; a dead letter keeps its original's headers, and only them."""
TRACESTATE_BYTES_MAX: Final = 512
"""What W3C Trace Context asks everybody to pass on; more is dropped, the trace goes on."""

_propagator = TraceContextTextMapPropagator()


@dataclass(slots=True)
class RecordSpans:
    """One record's span, open until its commit, and where its time went: name, begin and end in nanoseconds."""

    span: Span
    stages: list[tuple[str, int, int]]
    outputs: int = 0


@dataclass(slots=True)
class PartitionTracing:
    """What one claim traces; it ends with the claim, and with it every span that is still open."""

    tracer: Tracer
    partition: int
    now_ns: Callable[[], int] = time_ns
    _began_at: int = 0
    _fetched_at: int = 0
    _stepped: list[RecordSpans] = field(default_factory=list)
    _caused: list[tuple[Output, Carrier]] = field(default_factory=list)
    """Outputs since the last commit; holding them keeps their identity theirs."""

    def fetching(self) -> None:
        """Note that a round begins."""
        self._began_at = self.now_ns()

    def taken(self) -> None:
        """Note that the round's records are at hand."""
        self._fetched_at = self.now_ns()
        self._began_at = self._began_at or self._fetched_at

    def stepped(self, record: LogRecord, outputs: Sequence[Output], began_at: int) -> None:
        """Note that a record was stepped from ``began_at`` (ns) until now, and what it led to."""
        span = self.tracer.start_span(
            f"process {record.topic}",
            extract(record.headers),
            SpanKind.CONSUMER,
            {
                "messaging.system": "kafka",
                "messaging.operation.type": "process",
                "messaging.destination.name": record.topic,
                "messaging.destination.partition.id": str(record.partition),
                "messaging.kafka.offset": record.offset,
            },
            start_time=self._began_at,
        )
        stages = [("fetch", self._began_at, self._fetched_at), ("step", began_at, self.now_ns())]
        self._stepped.append(RecordSpans(span, stages, len(outputs)))
        carrier = inject(span)
        self._caused += [(output, carrier) for output in outputs if output.topic in TRACED]

    def contexts(self, outputs: Sequence[Output]) -> dict[int, Carrier]:
        """Return the trace context of each of a commit's outputs that a record led to, by position."""
        caused = {id(output): carrier for output, carrier in self._caused}
        return {n: caused[id(output)] for n, output in enumerate(outputs) if id(output) in caused}

    def committed(self, began_at: int, *, emits: bool) -> None:
        """End the spans of a commit that took from ``began_at`` (ns) until now; a repeated one's are forgotten."""
        stepped, self._stepped, self._caused = self._stepped, [], []
        ended_at = self.now_ns()
        for record in stepped if emits else ():
            if record.span.is_recording():
                self._end(record, [*record.stages, ("commit", began_at, ended_at)])

    def sending(self, entries: Sequence[OutboxEntry]) -> "Sending":
        """Return the entries' outputs on their way, each with the `traceparent` of a span that has begun."""
        sending = Sending(self)
        for entry in entries:
            sending.add(entry)
        return sending

    def _end(self, record: RecordSpans, stages: Sequence[tuple[str, int, int]]) -> None:
        within = set_span_in_context(record.span)
        for name, began_at, ended_at in stages:
            self.tracer.start_span(name, within, start_time=began_at).end(ended_at)
        record.span.set_attribute("tierline.outputs", record.outputs)
        record.span.end(stages[-1][2])


class Sending:
    """The outputs of one transaction with their spans."""

    def __init__(self, tracing: PartitionTracing) -> None:
        self.outputs: list[list[Output]] = []
        """Of each outbox entry, in order."""
        self._tracing = tracing
        self._spans: list[Span] = []

    def add(self, entry: OutboxEntry) -> None:
        """Take the outputs of one more outbox entry."""
        self.outputs.append([self._traced(output, entry.traces.get(n)) for n, output in enumerate(entry.outputs)])

    def sent(self) -> None:
        """End the spans: the transaction is committed."""
        for span in self._spans:
            span.end(self._tracing.now_ns())

    def _traced(self, output: Output, carrier: Carrier | None) -> Output:
        if output.topic not in TRACED:
            return output
        span = self._tracing.tracer.start_span(
            f"send {output.topic}",
            _propagator.extract(carrier or {}, Context()),
            SpanKind.PRODUCER,
            {
                "messaging.system": "kafka",
                "messaging.operation.type": "send",
                "messaging.destination.name": output.topic,
                "messaging.destination.partition.id": str(self._tracing.partition),
                "tierline.kind": kind_of(output),
            },
            start_time=self._tracing.now_ns(),
        )
        self._spans.append(span)
        headers = [(name, value.encode()) for name, value in inject(span).items()]
        return msgspec.structs.replace(output, headers=[*output.headers, *headers])


def extract(headers: Headers) -> Context:
    """Return the trace context that a record's headers name; an empty one where they name none, two, or nonsense."""
    carrier: dict[str, str] = {}
    for name, value in headers:
        if name in ("traceparent", "tracestate") and value is not None and len(value) <= TRACESTATE_BYTES_MAX:
            if name == "traceparent" and name in carrier:
                return Context()
            carrier[name] = value.decode("ascii", "replace")
    return _propagator.extract(carrier, Context())


def inject(span: Span) -> Carrier:
    """Return the headers that name ``span`` to whoever comes next."""
    carrier: Carrier = {}
    _propagator.inject(carrier, set_span_in_context(span, Context()))
    return carrier


def kind_of(output: Output) -> str:
    """Return a CloudEvent's type, such as `nudge.issued`."""
    found: Mapping[str, bytes | None] = dict(output.headers)
    return (found.get("ce_type") or b"").decode()
