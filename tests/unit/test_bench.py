"""The benchmark's pure parts: the log, the ratios, the page."""

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from bench import log
from bench.compared import Line
from bench.further import Further
from bench.growth import Growth
from bench.in_process import InProcess, measure_in_process
from bench.latency import Waits
from bench.log import BenchLog, bench_log
from bench.machine import Facts
from bench.page import page
from bench.ratio import Ratio, ratio
from bench.report import Figures
from bench.two_workers import TwoWorkers
from bench.worker import stage_seconds
from schemas.program import Program
from schemas.topics import CONSENTS, ORDERS
from state.admission import Admitted, admit

PARTITIONS = 3


@pytest.fixture
def synthetic(monkeypatch: pytest.MonkeyPatch) -> BenchLog:
    monkeypatch.setattr(log, "find_spec", lambda _name: None)
    return bench_log(500, PARTITIONS)


def test_a_log_has_the_orders_asked_for_and_the_consents_of_their_customers(synthetic: BenchLog) -> None:
    topics = Counter(record.topic for record in synthetic.records)
    assert topics[ORDERS] == synthetic.orders == 500
    assert topics[CONSENTS] == synthetic.customers == len({record.key for record in synthetic.records})


def test_every_record_of_a_log_is_accepted(synthetic: BenchLog) -> None:
    assert all(isinstance(admit(record), Admitted) for record in synthetic.records)


def test_offsets_count_each_partition_of_each_topic_and_time_rises(synthetic: BenchLog) -> None:
    for partition in range(PARTITIONS):
        records = synthetic.of_partition(partition)
        for topic in (ORDERS, CONSENTS):
            offsets = [record.offset for record in records if record.topic == topic]
            assert offsets == list(range(len(offsets)))
        stamps = [record.timestamp_ms for record in records]
        assert stamps == sorted(stamps)


def test_a_copy_of_a_basket_is_another_customers_other_order(synthetic: BenchLog) -> None:
    order = next(record for record in synthetic.records if record.topic == ORDERS)
    copied = admit(log._renamed(order, 2))
    original = admit(order)
    assert isinstance(copied, Admitted)
    assert isinstance(original, Admitted)
    assert copied.event.customer_id == original.event.customer_id + "-2"
    assert copied.event.type == original.event.type == "order.placed"
    assert copied.event.order_id == original.event.order_id + "-2"
    assert copied.event.amount_minor == original.event.amount_minor


def test_the_fold_alone_is_measured_in_every_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "find_spec", lambda _name: None)
    measured = measure_in_process(bench_log(3_000, 1), Program())
    assert min(msgspec.structs.astuple(measured)) > 0


def test_a_ratio_is_taken_round_by_round() -> None:
    assert ratio([2.0, 4.0, 9.0], [1.0, 8.0, 3.0]) == Ratio(median=2.0, least=0.5, most=3.0)


def test_stages_are_read_from_a_scrape() -> None:
    text = '# TYPE tierline_stage_seconds counter\ntierline_stage_seconds_total{stage="step"} 1.5\n'
    assert stage_seconds(text) == {"step": 1.5}


def test_the_page_names_ratios_and_no_place() -> None:
    line = Line("tierline", 1000, 20, Ratio(0.25, 0.2, 0.3), Ratio(1.0, 1.0, 1.0), 1.0, 2.5, 150, 0.007)
    further = Further(
        waits=[Waits(2.0, 5.0, 4.0, 20.0)],
        growth=[
            Growth(10, 100, 50.0, 20.0, 60.0, 1_000, 90.0),
            Growth(1_000, 100, 55.0, 22.0, 66.0, 1_000, 91.0),
            Growth(10, 100, 50.0, 20.0, 60.0, 1_000, 90.0),
            Growth(1_000, 100, 60.0, 22.0, 78.0, 1_010, 91.0),
        ],
        two_workers=TwoWorkers(1000, 2, [10.0], [8.0], 9.0, 16.0),
    )
    found = Figures(
        log="synthetic orders",
        orders=1000,
        customers=10,
        partitions=3,
        rounds=3,
        machine=Facts(cores=2, python="CPython 3.11", system="Linux x86_64", are_apart=True, load=2.5),
        published=7,
        contenders=[line],
        missing={},
        server_cpu_seconds_per_100k_orders={"kafka": 1.0, "valkey": 2.0},
        raw_of_consume=Ratio(0.8, 0.7, 0.9),
        tierline_of_raw=Ratio(0.15, 0.14, 0.16),
        microseconds_per_order_by_stage={"step": 12.5},
        in_process=InProcess(
            decode=7.0,
            step=28.0,
            step_without_short_cut=47.0,
            step_with_model=39.0,
            step_without_value=34.5,
            adoption_a_customer=40.0,
        ),
        worker_peak_memory_mib=150,
        stored_bytes_per_customer=1234,
    )
    text = page(found, further, "- learnt")
    assert "0.80 (0.70 to 0.90); wanted at least 0.6: reached" in text
    assert "0.15 (0.14 to 0.16); wanted at least 0.35: missed" in text
    assert "| (f) Tierline, the whole job | 1,000 | 20 | 0.25 (0.20 to 0.30) | 1.00 (1.00 to 1.00) | 1.00 |" in text
    assert "p99 4.00 (4.00 to 4.00); wanted at most 3: missed (p99)" in text
    assert "Load of the machine when the run began: 2.5; others were at work" in text
    assert "1,000 customers / 10, turn by turn: by the clock 1.20 (1.10 to 1.30), CPU of the worker 1.15" in text
    assert "wanted at most 1.25: reached (by the clock)" in text
    assert "| 1,000 | 57.5 (55.0 to 60.0) | 22.0 (22.0 to 22.0) | 72.0 (66.0 to 78.0) | 91.0" in text
    assert "One worker 100 orders/s, two 125: 1.25 (1.25 to 1.25) times as fast; wanted at least 1.7: missed" in text
    assert "every order, 39.0, of which value in 90 days is 4.50. So what is learnt" in text
    assert "costs an order 11.00; wanted at most 20: reached." in text
    assert str(Path.home()) not in text
