"""The random logs: the same seed gives the same log, and the fold of a log obeys laws that need no oracle."""

from __future__ import annotations

import json

import pytest

from tests.folding import fold_log, fold_steps
from tests.logs import random_log, random_steps
from tests.oracle import Oracle, order_by_rules
from tests.oracle_admission import murmur2


def test_a_seed_gives_the_same_log() -> None:
    assert json.dumps(random_log(7)) == json.dumps(random_log(7))
    assert json.dumps(random_steps(7)) == json.dumps(random_steps(7))
    assert random_log(7) != random_log(8)


@pytest.mark.parametrize("seed", range(10))
def test_it_reconciles(seed: int) -> None:
    program, records = random_log(seed, length=25)
    oracle = Oracle(program, "v1")
    fold_log(oracle, records)
    assert sum(oracle.counts.values()) == len(records)
    assert oracle.counts["dead"] == len(oracle.dead_letters)
    issued = {str(body["nudge_id"]) for body in oracle.nudges if body["type"] == "nudge.issued"}
    assert {str(body["nudge_id"]) for body in oracle.nudges} == issued


@pytest.mark.parametrize("seed", range(10))
def test_a_redelivered_log_changes_no_total(seed: int) -> None:
    program, records = random_log(seed, length=15)
    steps: list[dict[str, object]] = [{"step": "record", "record": record} for record in records]
    once, twice = Oracle(program, "v1"), Oracle(program, "v1")
    orders = [step for step in steps if "retail.orders.v1" in str(step)]
    fold_steps(once, orders)
    fold_steps(twice, [step for step in orders for _ in range(2)])
    at = once.clock
    assert {name: state["rfm"] for name, state in once.states(at).items()} == {
        name: state["rfm"] for name, state in twice.states(at).items()
    }
    assert (once.changes, once.nudges, once.suppressions) == (twice.changes, twice.nudges, twice.suppressions)


def test_the_smallest_head_goes_first_then_the_topic() -> None:
    taken = [("b", 5), ("a", 9), ("b", 1), ("a", 5), ("b", -1), ("b", 20), ("a", 12)]
    ordered = order_by_rules({"topic": topic, "timestamp": at} for topic, at in taken)
    # -1 is the clock: 5 after both b records, so it goes before a's 9.
    assert [(record["topic"], record["timestamp"]) for record in ordered] == [
        ("b", 5),
        ("b", 1),
        ("b", -1),
        ("a", 9),
        ("a", 5),
        ("a", 12),
        ("b", 20),
    ]


@pytest.mark.parametrize(("key", "signed"), [(b"21", -973932308), (b"foobar", -790332482)])
def test_the_partitioner_is_kafkas(key: bytes, signed: int) -> None:
    assert murmur2(key) == signed & 0x7FFFFFFF
