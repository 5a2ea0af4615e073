"""Traps 9 to 15: nudges, the ladder's ends and erasure. Each is a failure of an existing system, and a test here."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import cast

import pytest

from replay.run import run_log
from schemas.instants import Instant
from schemas.topics import NUDGES
from state.customer import encode_state
from state.meta import encode_meta
from storefront.lookup import Lookup
from storefront.ports import StateReader
from tests.builders import Json
from tests.engines import EngineBench, Sizes
from tests.folding import fold_steps
from tests.histories import log_records
from tests.journals import FakeLog, replayed, worked
from tests.product import ProductFold, program_of
from tests.scenario import PROGRAM, consent, instant, micros, with_rules
from tests.scenario_steps import bought, cancelled, changed_rules, refunded
from tests.scenarios_caps import DAILY
from tests.scenarios_records import erased
from tests.telling import ats, of_topic, records_of, tier_of, told

NOON = "03-01 12:00"


def test_trap_09_the_holdout_bucket_never_changes() -> None:
    bucket = int.from_bytes(sha256(b"tierline:c-1").digest()[:8], "big") / 2**64
    just_in, just_out = (with_rules(nudges=held_out(share)) for share in (bucket + 1e-6, bucket - 1e-6))
    for day in ("03-01", "06-30", "2018-12-31", "2031-01-01"):
        steps = [consent(day), bought("o-1", "90", day)]
        held = told([*steps, changed_rules(day, just_in | {"version": 2})], day, just_in)
        assert [one["reason"] for one in held.suppressions] == ["holdout"]
        assert held.nudges == []
        assert ats(told(steps, day, just_out).nudges, kind="tier_near") == [instant(day)]


def held_out(share: float) -> Json:
    return {"holdout": {"share": f"{share:.9f}"}}


def test_trap_10_nudges_at_23_00_and_00_30_are_one_too_many() -> None:
    steps = [consent(), bought("o-1", "95", "03-01 23:00"), refunded("r-1", "o-1", "50", "03-01 23:30")]
    fold = told([*steps, bought("o-2", "50", "03-02 00:30")], "03-02 00:30", with_rules(nudges=DAILY))
    assert ats(fold.nudges, type="nudge.issued") == [instant("03-01 23:00")]
    assert [(one["at"], one["reason"]) for one in fold.suppressions] == [(instant("03-02 00:30"), "cap")]


def test_trap_11_a_cap_never_defers() -> None:
    steps = [consent(), bought("o-1", "95", "03-01 23:00"), refunded("r-1", "o-1", "50", "03-01 23:30")]
    steps += [bought("o-2", "50", "03-02 00:30"), consent("03-20")]
    silent = told(steps, "03-30", with_rules(nudges=DAILY))
    assert ats(silent.nudges, type="nudge.issued") == [instant("03-01 23:00")]
    assert all(one["not_before"] == one["at"] for one in silent.nudges if one["type"] == "nudge.issued")
    asked = told([*steps, bought("o-3", "1", "03-25")], "03-30", with_rules(nudges=DAILY))
    assert ats(asked.nudges, type="nudge.issued") == [instant("03-01 23:00"), instant("03-25")]


def test_trap_12_a_backfill_and_a_recomputation_send_nothing() -> None:
    steps = [consent(), bought("o-1", "100", NOON), bought("o-2", "95", "03-02")]
    backfill = told(steps, "03-03", started_at="03-10")
    assert backfill.nudges == []
    assert {one["reason"] for one in backfill.suppressions} == {"backfill"}
    lower = [{"name": "bronze"}, {"name": "silver", "spend": 50}, {"name": "gold", "spend": 120}]
    recomputed = told(
        [consent(), bought("o-1", "120", NOON), changed_rules("03-02", with_rules({"levels": lower}) | {"version": 2})],
        "03-03",
    )
    assert ats(recomputed.nudges, type="nudge.issued") == [instant(NOON)]
    assert [(one["kind"], one["reason"]) for one in recomputed.suppressions] == [("tier_upgraded", "program_change")]


def test_trap_12_a_rebuild_says_nothing_again() -> None:
    steps = [consent(), bought("o-1", "100", NOON), bought("o-2", "95", "03-02"), bought("o-3", "95", "03-20")]
    bench = EngineBench(PROGRAM, log_records(records_of(steps)), Sizes(records_a_round=1))
    asyncio.run(bench.work())
    states, spoken = bench.shard.states, list(bench.outputs)
    assert of_topic(spoken, NUDGES) != []
    asyncio.run(bench.work(rebuild=True))
    assert (bench.shard.states, bench.outputs) == (states, spoken)


def test_trap_13_progress_changes_at_midnight_and_api_and_nudge_agree() -> None:
    fold = told([consent(), bought("o-1", "60", NOON), bought("o-2", "30", "03-20 12:00")], "03-20 12:00")
    issued = fold.nudges[0]
    assert in_api(fold, micros("03-20 12:00")) == {name: issued[name] for name in ("missing", "progress")}
    assert in_api(fold, micros("03-31") - 1) == in_api(fold, micros("03-20 12:00"))
    after_midnight = in_api(fold, micros("03-31"))
    assert after_midnight["progress"] == {"spend": 0.3, "orders": 0.25}
    fold.tick(micros("03-31"))
    assert [(one["at"], one.get("reason")) for one in fold.nudges[1:]] == [(instant("03-31"), "no_longer_near")]
    assert in_api(fold, micros("03-31")) == after_midnight
    fold_steps(fold, [bought("o-3", "65", "03-31 00:00:01")])
    assert in_api(fold, micros("03-31 00:00:01")) == {name: fold.nudges[-1][name] for name in ("missing", "progress")}


def in_api(fold: ProductFold, now: Instant) -> dict[str, object]:
    """Return what the API says is missing, at that instant, of what the store holds."""

    class Reader:
        async def meta(self, partition: int) -> bytes | None:
            return encode_meta(fold.run.meta)

        async def state(self, partition: int, customer_id: str) -> bytes | None:
            return encode_state(fold.run.customers.states[customer_id])

        async def load_ledger(self, partition: int, customer_id: str) -> dict[str, bytes]:
            raise AssertionError("nothing here needs the ledger")

    reader = cast("StateReader", Reader())
    view = asyncio.run(Lookup(reader, 1, lambda _: 0, lambda: now).customer("c-1")).view
    assert view is not None
    tier = view["tier"]
    assert isinstance(tier, Mapping)
    return {name: tier["next"][name] for name in ("missing", "progress")}


def test_trap_14_both_ends_of_the_tier_ladder() -> None:
    top = told([consent(), bought("o-1", "400", NOON), bought("o-2", "4000", "03-02")], "03-02")
    assert (tier_of(top, "03-02")["name"], tier_of(top, "03-02")["next"]) == ("platinum", None)
    assert [one["kind"] for one in top.nudges] == ["tier_upgraded"]
    bottom = told([consent(), bought("o-1", "5", NOON), cancelled("o-1", "03-02")], "2027-03-01")
    tier = tier_of(bottom, "2027-03-01")
    assert (tier["name"], tier["at_expiration"], tier["expires_at"]) == ("bronze", "bronze", None)
    one_rung = with_rules({"levels": [{"name": "member"}]})
    for fold in (bottom, told([consent(), bought("o-1", "5", NOON)], "2027-03-01", one_rung)):
        assert (fold.changes, fold.nudges, fold.suppressions) == ([], [], [])


ERASURE = [
    consent(),
    bought("o-1", "100", NOON),
    erased("03-02"),
    bought("o-1", "100", "03-03", NOON),
    bought("o-2", "100", "03-03", NOON),
]


@pytest.mark.parametrize("drops_erased", [True, False])
def test_trap_15_erased_then_replayed_from_a_log_the_customer_stays_gone(drops_erased: bool) -> None:
    log = log_records(records_of(ERASURE))
    run = run_log(log, program_of(PROGRAM), micros("06-01"), drops_erased=drops_erased)
    assert (run.customers.states, run.customers.ledgers) == ({}, {})
    assert run.meta.counters["erased"] == (4 if drops_erased else 2)
    assert (run.outputs == []) == drops_erased


def test_trap_15_erased_then_rebuilt_or_replayed_along_the_journal_the_customer_stays_gone(tmp_path: Path) -> None:
    bench = EngineBench(PROGRAM, log_records(records_of(ERASURE)), Sizes(records_a_round=1))
    for rebuild in (False, True):
        asyncio.run(bench.work(rebuild=rebuild))
        assert (bench.shard.states, bench.shard.ledgers, bench.shard.due) == ({}, {}, {})
        assert list(bench.shard.erased) == [sha256(b"c-1").hexdigest()]
    replayed(FakeLog(worked(PROGRAM, ERASURE)), tmp_path)
    for name in ("states", "nudges", "changes", "suppressions"):
        assert (tmp_path / f"{name}.jsonl").read_text() == ""
