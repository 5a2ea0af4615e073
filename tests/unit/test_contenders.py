"""The contenders' pure parts: the light job, the check of its end, the arithmetic of the comparison."""

import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import log
from bench.compared import GUARANTEES, UNEQUAL, WORDS, Line, compared_in_words
from bench.contender import CONTENDERS, SLOW_ORDERS_MAX
from bench.contenders.light import (
    Customer,
    LightJob,
    Stopwatch,
    add,
    customer_of,
    decode_order,
    encode,
    given_job,
    took_path,
)
from bench.contending import missing
from bench.expected import WrongEndError, fold
from bench.field import orders_of
from bench.further import sizes_up_to
from bench.growth import growth_of
from bench.light_end import LightEnd, end_of_folds, light_fold, require_equal
from bench.light_program import write_light_program
from bench.log import bench_log
from bench.ratio import Ratio, ratio_of, verdict, verdict_at_most
from bench.two_workers import TwoWorkers
from bench.worker import WorkerMeasured
from schemas.record import LogRecord
from schemas.topics import ORDERS
from tierline.settings import Settings

ROOT = Path(__file__).parents[2]
EVEN = Ratio(1.0, 1.0, 1.0)
NAMES = [one.name for one in CONTENDERS]


def an_order(customer_id: str = "c-1", amount: str = "12.50", occurred_at: str = "2026-01-01T00:00:00Z") -> LogRecord:
    body = {"customer_id": customer_id, "amount": amount, "occurred_at": occurred_at}
    return LogRecord(ORDERS, 0, 0, 0, customer_id.encode(), json.dumps(body).encode(), ())


order_lists = st.lists(
    st.builds(
        an_order,
        customer_id=st.sampled_from(["c-1", "c-2"]),
        amount=st.integers(0, 70_000).map(lambda minor: f"{minor // 100}.{minor % 100:02d}"),
        occurred_at=st.integers(1, 28).map(lambda day: f"2026-01-{day:02d}T00:00:00Z"),
    ),
    max_size=12,
)


def done_lightly(records: Iterable[LogRecord]) -> LightEnd:
    """Do the job as every contender does, through the stored form of the customer."""
    stored: dict[str, bytes] = {}
    tiers: dict[str, list[str]] = {}
    for record in records:
        order = decode_order(record.value or b"")
        customer = customer_of(stored.get(order.customer_id))
        change = add(customer, order)
        stored[order.customer_id] = encode(customer)
        if change is not None:
            tiers.setdefault(change.customer_id, []).append(change.tier)
    return LightEnd({who: json.loads(blob) for who, blob in stored.items()}, tiers)


@given(records=order_lists)
def test_the_contenders_job_is_the_independent_fold(records: list[LogRecord]) -> None:
    require_equal(done_lightly(records), light_fold(records), "the light job")


def test_tierlines_light_program_says_what_the_light_fold_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(log, "find_spec", lambda _name: None)
    orders = bench_log(2_000, 2)
    settings = Settings().model_copy(update={"program": write_light_program(tmp_path), "partitions": 2})
    tierline, by_hand = fold(orders, settings), light_fold(orders.records)
    require_equal(end_of_folds(tierline.runs, tierline.said), by_hand, "Tierline")
    assert tierline.outputs == by_hand.outputs > 0, "nothing but changes of tier is said"


@pytest.mark.parametrize(
    ("field", "wrong"), [("orders", 2), ("spend_minor", 1), ("last_order_at", ""), ("tier", "silver")]
)
def test_a_wrong_state_fails_the_check(field: str, wrong: object) -> None:
    expected = light_fold([an_order()])
    found = replace(expected, customers={"c-1": {**expected.customers["c-1"], field: wrong}})
    with pytest.raises(WrongEndError, match="quix_sink: the state of c-1"):
        require_equal(found, expected, "quix_sink")


def test_a_lost_customer_fails_the_check() -> None:
    expected = light_fold([an_order(), an_order("c-2")])
    found = replace(expected, customers={"c-1": expected.customers["c-1"]})
    with pytest.raises(WrongEndError, match="faust_take: 1 customers, the fold has 2"):
        require_equal(found, expected, "faust_take")


@pytest.mark.parametrize("tiers", [{}, {"c-1": ["gold", "silver"]}, {"c-1": ["silver", "gold", "gold"]}])
def test_a_lost_repeated_or_swapped_change_fails_the_check(tiers: dict[str, list[str]]) -> None:
    expected = light_fold([an_order(amount="300.00"), an_order(amount="300.00")])
    assert expected.tiers == {"c-1": ["silver", "gold"]}
    with pytest.raises(WrongEndError, match="changes, the fold has 2"):
        require_equal(replace(expected, tiers=tiers), expected, "faust_agent")


def test_the_clock_stops_when_the_last_order_is_written(tmp_path: Path) -> None:
    job = a_job(tmp_path, orders=3)
    watch = Stopwatch(job)
    watch.begin()
    watch.wrote(2)
    assert not took_path(job).exists()
    watch.wrote(1)
    took = json.loads(took_path(job).read_bytes())
    assert took["seconds"] >= 0


def test_a_job_travels_by_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    job = a_job(tmp_path, orders=3)
    monkeypatch.setenv("TIERLINE_BENCH_JOB", encode(job).decode())
    assert given_job() == job


def test_every_contender_has_a_program_a_promise_and_what_is_not_equal() -> None:
    programs = {path.stem for path in (ROOT / "bench" / "contenders").glob("*.py")} - {"__init__", "light"}
    assert programs == set(NAMES)
    assert set(NAMES) <= set(GUARANTEES) & set(UNEQUAL) & set(WORDS)


def test_an_interpreter_without_the_packages_misses_its_contenders(tmp_path: Path) -> None:
    found = missing(Path(sys.executable))
    assert found["quix_sink"] == "ModuleNotFoundError: No module named 'quixstreams'"
    assert found["faststream_batch"] == "ModuleNotFoundError: No module named 'faststream'"
    assert "faust_agent" not in found
    assert list(missing(tmp_path / "python")) == NAMES


def test_a_missing_contender_is_named_with_the_reason() -> None:
    text = compared_in_words([a_line("raw")], {"quix_sink": "no wheel"})
    assert "- **Missing**: (e) Quix Streams with its Redis sink: no wheel." in text


def test_a_slow_contender_takes_a_shorter_log() -> None:
    agent, batch = CONTENDERS[0], CONTENDERS[2]
    assert orders_of(agent, 500_000, None) == SLOW_ORDERS_MAX
    assert orders_of(agent, 10, None) == 10
    assert orders_of(batch, 500_000, None) == 500_000
    assert orders_of(batch, 500_000, 2_000) == 2_000


def test_a_ratio_that_misses_what_is_wanted_says_so() -> None:
    lines = [a_line("faststream_batch", Ratio(1.9, 1.8, 2.1)), a_line("quix_sink", Ratio(3.1, 3.0, 3.2))]
    text = compared_in_words(lines, {})
    assert "FastStream `batch=True`: 1.90 (1.80 to 2.10); wanted at least 2: missed" in text
    assert "its Redis sink: 3.10 (3.00 to 3.20); wanted at least 3: reached" in text
    assert verdict(2.0, 2) == "wanted at least 2: reached"
    assert verdict_at_most(1.26, 1.25) == "wanted at most 1.25: missed"
    assert ratio_of([3.0, 1.0, 2.0]) == Ratio(2.0, 1.0, 3.0)


def test_costs_are_told_an_order_and_a_customer() -> None:
    first = WorkerMeasured(9.0, 4.0, {"kafka": 1.0, "valkey": 1.0}, 100.0, 2_000_000)
    then = WorkerMeasured(2.0, 1.0, {"kafka": 0.25, "valkey": 0.5}, 100.0, 0)
    found = growth_of(1_000, 50_000, first, then)
    assert (found.worker, found.servers, found.microseconds) == (20.0, 15.0, 40.0)
    assert (found.stored_bytes, found.newcomer) == (2_000, 4_000.0)


def test_fewer_customers_measure_fewer_sizes() -> None:
    assert sizes_up_to(1_000_000, 155_848).growth_customers == (10_000, 100_000, 1_000_000)
    found = sizes_up_to(50_000, 40_000)
    assert (found.growth_customers, found.two_workers_orders) == ((10_000, 50_000), 40_000)


def test_what_a_machine_allows_two_workers_is_what_its_cores_leave() -> None:
    two = TwoWorkers(100, 2, [10.0, 12.0], [8.0, 8.0], worker_cpu_seconds=12.0, busy_cpu_seconds=16.0)
    assert two.speedups == [1.25, 1.5]
    assert two.allowed == 1.5
    assert TwoWorkers(100, 8, [10.0], [5.0], 12.0, 16.0).allowed == 2.0, "two workers are at most twice as fast"


def test_a_new_customer_is_bronze() -> None:
    assert customer_of(None) == Customer(tier="bronze")


def a_job(folder: Path, orders: int) -> LightJob:
    return LightJob("127.0.0.1:9", "redis://127.0.0.1:9/0", "orders", "changes", "p:", "g", orders, str(folder))


def a_line(name: str, faster: Ratio = EVEN) -> Line:
    return Line(name, 100, 10, Ratio(0.5, 0.4, 0.6), faster, 1.0, None, None, 0.1)
