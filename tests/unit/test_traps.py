"""Traps 1 to 8: records, orders and money. Each is a failure of an existing system, and a test where it lives."""

from __future__ import annotations

import asyncio

from schemas.topics import ORDERS, dead_letter_topic
from state.customer import decode_state
from state.meta import decode_meta
from state.sums import sums_as_of
from tests.engines import EngineBench, Sizes
from tests.histories import log_records
from tests.scenario import PROGRAM, instant, micros, with_rules
from tests.scenario_steps import SPEND_ONLY, bought, cancelled, changed_rules, refunded, reinstated
from tests.scenarios_records import raw
from tests.telling import ats, customer_of, of_topic, records_of, tier_of, told

NOON = "03-01 12:00"


def test_trap_01_a_poison_record_takes_no_neighbour_along() -> None:
    poison = [raw("{", key="c-1"), raw(None, key="c-1"), raw("x" * 300_000, key="c-1"), raw("[" * 100_000, key="c-1")]
    steps = [bought("o-1", "10", NOON), *poison, bought("o-2", "10", NOON), poison[0], bought("o-3", "10", NOON)]
    for size in (1, 2, 100):
        bench = EngineBench(PROGRAM, log_records(records_of(steps)), Sizes(records_a_round=size))
        asyncio.run(bench.work())
        assert bench.shard.meta is not None
        meta = decode_meta(bench.shard.meta)
        assert meta.offsets[ORDERS] == len(steps)
        assert meta.counters == {"applied": 3, "dead:malformed_json": 4, "dead:too_large": 1}
        assert decode_state(bench.shard.states["c-1"]).spend_minor == 3000
        letters = of_topic(bench.outputs, dead_letter_topic(ORDERS))
        assert [dict(letter.headers)["tl_offset"] for letter in letters] == [b"1", b"2", b"3", b"4", b"6"]


def test_trap_02_the_same_tier_evaluated_again_emits_nothing() -> None:
    by_spend = with_rules({"levels": SPEND_ONLY})
    again = [bought(f"o-{day}", "1", f"03-{day:02} 12:00") for day in (*range(2, 20), *range(2, 20))]
    unchanged = changed_rules("03-21", by_spend | {"version": 2})
    fold = told([bought("o-1", "100", NOON), *again, unchanged], "03-22", by_spend)
    assert ats(fold.changes) == [instant(NOON)]
    assert fold.counts["duplicate"] == 18


def test_trap_03_a_partial_refund_removes_only_its_amount() -> None:
    customer = customer_of(told([bought("o-1", "50", NOON), refunded("r-1", "o-1", "20.01", NOON)], NOON))
    assert (customer.spend_minor, customer.orders, customer.window_minor) == (2999, 1, 2999)


def test_trap_04_buying_and_refunding_a_hundred_times_ends_at_zero() -> None:
    steps = [
        part
        for n in range(100)
        for part in (bought(f"o-{n}", "99.99", NOON), refunded(f"r-{n}", f"o-{n}", "99.99", NOON))
    ]
    fold = told(steps, NOON)
    assert (customer_of(fold).spend_minor, customer_of(fold).orders, fold.changes) == (0, 0, [])


def test_trap_04_cancelled_then_reinstated_counts_once() -> None:
    steps = [
        bought("o-1", "10", NOON),
        cancelled("o-1", "03-02"),
        reinstated("o-1", "03-03"),
        cancelled("o-1", "03-02"),
    ]
    customer = customer_of(told(steps, "03-04"))
    assert (customer.spend_minor, customer.orders) == (1000, 1)


def test_trap_05_a_refund_before_its_order_beyond_it_and_twice() -> None:
    early = refunded("r-1", "o-1", "4", "03-01 10:00")
    fold = told([early, bought("o-1", "10", NOON), early, refunded("r-2", "o-1", "25", NOON), early], NOON)
    customer = customer_of(fold)
    assert (customer.spend_minor, customer.orders, customer.excess_minor) == (0, 0, 1900)
    assert (fold.counts["applied"], fold.counts["duplicate"]) == (3, 2)


def test_trap_06_windows_that_differ_in_their_end_keep_separate_sums() -> None:
    fold = told([bought("o-1", "60", NOON), bought("o-2", "60", "03-10 12:00")], "03-11")
    customer, rules = customer_of(fold), fold.run.fold.programs.current
    first, last = customer.days[0].day, customer.days[-1].day
    assert (customer.window_minor, customer.expires_at) == (12_000, micros("04-09"))
    ends = [first - 1, first, last, first + 29, first + 30, last + 29, last + 30]
    assert [sums_as_of(customer, rules, day).spend_minor for day in ends] == [0, 6000, 12_000, 12_000, 6000, 6000, 0]
    tier = tier_of(fold, "03-11")
    assert (tier["name"], tier["at_expiration"]) == ("silver", "bronze")


def test_trap_07_cents_are_exact() -> None:
    by_spend = with_rules({"levels": SPEND_ONLY})
    for amounts, cents in ((("0.10", 0.1, 0.10), 30), ((0.01,) * 1000, 1000), (("33.33",) * 3, 9999)):
        fold = told([bought(f"o-{n}", amount, NOON) for n, amount in enumerate(amounts)], NOON, by_spend)
        assert (customer_of(fold).spend_minor, fold.changes) == (cents, [])
    # The cent that makes it $100.00.
    hundred = [bought(f"o-{n}", amount, NOON) for n, amount in enumerate(("33.33", 33.33, "33.33", 0.01))]
    assert ats(told(hundred, NOON, by_spend).changes) == [instant(NOON)]


def test_trap_08_a_retried_order_is_one_order() -> None:
    retries = [
        bought("o-1", amount, at) for amount, at in (("10", NOON), ("10", NOON), ("99", "03-02"), ("10", "05-01"))
    ]
    fold = told(retries, "05-02")
    assert (customer_of(fold).orders, customer_of(fold).spend_minor) == (1, 1000)
    assert (fold.counts["applied"], fold.counts["duplicate"]) == (1, 3)
