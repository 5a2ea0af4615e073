"""A trace from the shop's producer to the nudge: real Kafka, Valkey and OTLP, and a worker killed in between."""

import asyncio
import json
from collections import Counter
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from schemas.record import LogRecord
from schemas.topics import CHANGES, CONSENTS, NUDGES, ORDERS, SUPPRESSIONS
from state.outputs import text_of
from tests import builders
from tests.integration.cli_process import running, until
from tests.integration.installation import Installation, as_bytes
from tests.integration.otlp_receiver import Collector, collecting
from tests.integration.shop import BEGIN_MS

ORDERS_COUNT = 1200
CUSTOMERS = 60
AMOUNTS = ("45.00", "70.00", "95.00", "120.00", "20.00", "150.00", "180.00")
SHOP = {"TIERLINE_CLOCK": "log", "TIERLINE_SESSION_TIMEOUT_SECONDS": "2", "TIERLINE_BATCH_RECORDS": "50"}


def traceparent(number: int, sampled: str = "01") -> str:
    """Return what the shop's producer says of order ``number``."""
    return f"00-{number + 1:032x}-{number + 1:016x}-{sampled}"


async def test_each_trace_goes_from_its_order_to_what_follows_and_a_killed_worker_leaves_no_false_span(
    installation: Installation, tmp_path: Path
) -> None:
    with collecting() as collector:
        settings = {
            **installation.settings, **SHOP, **collector.settings,
            "TIERLINE_TRACING": "true",
            "OTEL_TRACES_SAMPLER": "parentbased_always_off",
        }  # fmt: skip
        producing = asyncio.create_task(orders_sent(installation))
        with running("worker", settings, tmp_path / "first.log"):
            await some_spans(collector)
        before = len(collector.spans)
        with running("worker", settings, tmp_path / "second.log") as second:
            await producing
            await installation.await_rest()
            assert await asyncio.to_thread(second.terminate) == 0, second.said
        spans = list(collector.spans)
    assert before < len(spans), "the second worker exported nothing"
    outputs = await outputs_read(installation)
    assert {output.topic for output in outputs} >= {CHANGES, NUDGES}
    assert_chains(spans, outputs, await orders_read(installation))
    installation.is_traced = True
    assert await installation.assert_books() > 0


async def test_with_tracing_off_the_trace_ends_with_the_order(installation: Installation, tmp_path: Path) -> None:
    with collecting() as collector:
        settings = {**installation.settings, **SHOP, **collector.settings}
        await orders_sent(installation, 300)
        with running("worker", settings, tmp_path / "worker.log") as worker:
            await installation.await_rest()
            assert await asyncio.to_thread(worker.terminate) == 0, worker.said
    outputs = await outputs_read(installation)
    assert outputs
    assert {text_of(output.headers, "traceparent") for output in outputs} == {""}
    assert collector.spans == []


def assert_chains(spans: list[Span], outputs: list[LogRecord], orders: dict[tuple[str, str], str]) -> None:
    """Compare spans with what Kafka holds: none is false, none is there twice, and every parent is right."""
    taken = [span for span in spans if span.name == f"process {ORDERS}"]
    places = {span.span_id: place_of(span) for span in taken}
    assert max(Counter(places.values()).values()) == 1, "an order was committed once, and has two spans"
    for span in taken:
        said = orders[places[span.span_id]]
        assert f"00-{span.trace_id.hex()}-{span.parent_span_id.hex()}-01" == said
    sends = {span.span_id.hex(): span for span in spans if span.name.startswith("send ")}
    said_by = {text_of(output.headers, "traceparent")[36:52]: output for output in outputs}
    assert len(said_by) == len(outputs)
    assert sends.keys() <= said_by.keys(), "a span tells of an output that nobody can read"
    whole: Counter[str] = Counter()
    for span_id, send in sends.items():
        output = said_by[span_id]
        assert text_of(output.headers, "traceparent") == f"00-{send.trace_id.hex()}-{span_id}-01"
        whole[output.topic] += send.parent_span_id in places
    assert whole[CHANGES] > 0
    assert whole[NUDGES] > 0
    assert_triggers(outputs)


def assert_triggers(outputs: list[LogRecord]) -> None:
    """An order's number is in its trace's id, and in its own id: what names the order as its trigger has its trace."""
    compared = 0
    for output in outputs:
        trigger = json.loads(output.value or b"{}").get("trigger") or {}
        trace = text_of(output.headers, "traceparent")[3:35]
        if str(trigger.get("id")).startswith("o-") and text_of(output.headers, "traceparent").endswith("01"):
            assert int(trace, 16) - 1 == int(trigger["id"][2:])
            compared += 1
    assert compared > 0


def place_of(span: Span) -> tuple[str, str]:
    """Return partition and offset of the record that a span is about."""
    found = {one.key: one.value for one in span.attributes}
    place = found["messaging.destination.partition.id"].string_value
    return place, str(found["messaging.kafka.offset"].int_value)


async def outputs_read(installation: Installation) -> list[LogRecord]:
    """Return everything that is said about customers."""
    topics = (CHANGES, NUDGES, SUPPRESSIONS)
    return [record for topic in topics for p in range(2) for record in await installation.read(topic, p)]


async def orders_read(installation: Installation) -> dict[tuple[str, str], str]:
    """Return the orders' `traceparent` by partition and offset."""
    read = [record for p in range(2) for record in await installation.read(ORDERS, p)]
    return {(str(r.partition), str(r.offset)): text_of(r.headers, "traceparent") for r in read}


async def orders_sent(installation: Installation, count: int = ORDERS_COUNT) -> None:
    """Send orders of many customers, some 400 a second, each in a trace of its own; every fourth is not sampled."""
    producer = AIOKafkaProducer(bootstrap_servers=installation.kafka, linger_ms=5)
    await producer.start()
    for number in range(CUSTOMERS):
        key, value = as_bytes(builders.a_consent(True, "2017-02-25T05:00:00Z", customer_id=f"c-{number}"))
        await producer.send(installation.prefix + CONSENTS, value, key, timestamp_ms=BEGIN_MS)
    for number in range(count):
        order = builders.an_order(
            f"o-{number}", AMOUNTS[number % len(AMOUNTS)], "2017-02-25T05:20:00Z", customer_id=f"c-{number % CUSTOMERS}"
        )
        key, value = as_bytes(order)
        headers = [("traceparent", traceparent(number, "01" if number % 4 else "00").encode())]
        at_ms = BEGIN_MS + number * 1000
        await producer.send(installation.prefix + ORDERS, value, key, timestamp_ms=at_ms, headers=headers)
        await asyncio.sleep(0.0025)
    await producer.stop()


async def some_spans(collector: Collector) -> None:
    """Wait until the first worker has told of something."""
    await asyncio.to_thread(until, lambda: len(collector.spans) >= 200, lambda: f"{len(collector.spans)} spans came")


@pytest.fixture
def worker_options() -> dict[str, object]:
    """The installation's own reading of the rules, as the commands have them by default."""
    return {"program": {}}
