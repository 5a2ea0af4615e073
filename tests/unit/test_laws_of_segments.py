"""Laws of segments: order and redelivery do not matter, the same model moves nobody, no order is nowhere."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.run import Run
from schemas.journal import ProgramChange, Tick
from schemas.topics import CHANGES, ORDERS
from tests.builders import Json, a_cancellation, a_record, a_refund, an_order
from tests.histories import BEGIN_AT, LAW, adopted, folded, folded_with, histories, log_records, programs, snapshots
from tests.log_segments import random_segments
from tests.oracle_definitions import Scores, definitions_of
from tests.oracle_rules import DAY_US, HOUR_US, instant_text
from tests.product import program_of
from tests.scenario import with_rules

US = ("c-1", "c-2")
definitions = st.integers(0, 2**32).map(lambda seed: random_segments(random.Random(seed)))
NOWHERE = {"rfm": None, "cluster": None, "persona": None}


@LAW
@given(programs(), histories("c-1"), snapshots(), st.data())
def test_arrival_in_any_order_gives_the_same_scores(
    program: Json, records: list[Json], snapshot: Json, data: st.DataObject
) -> None:
    last_ms = int(str(records[-1]["timestamp"]))
    runs = [
        adopted(folded(program, [one | {"timestamp": last_ms + place} for place, one in enumerate(order)]), snapshot)
        for order in (records, data.draw(st.permutations(records)))
    ]
    assert compared(runs[0]) == compared(runs[1])


def compared(run: Run) -> list[object]:
    """Return what a comparison with others gives, whatever the way there; a cluster remembers its way."""
    names = ("rfm", "traits")
    return [
        (rfm_of(view)["scores"], [segment_of(view)[name] for name in names], view["clv_90d"]) for view in views(run)
    ]


@LAW
@given(programs(), histories(*US), snapshots(), st.integers(0, 20), st.data())
def test_a_redelivered_order_is_not_scored(
    program: Json, records: list[Json], snapshot: Json, after: int, data: st.DataObject
) -> None:
    run = folded_with(snapshot, program, records, after)
    run.take_step(Tick(run.meta.clock_at))
    orders = [one for one in records if one["topic"] == ORDERS]
    start = data.draw(st.integers(0, len(orders)))
    before, spoken = views(run), len(run.outputs)
    for record in log_records([one | {"timestamp": records[-1]["timestamp"]} for one in orders[start:]]):
        run.take_record(record)
    assert [segment_of(view) for view in views(run)] == [segment_of(view) for view in before]
    assert [rfm_of(view) for view in views(run)] == [rfm_of(view) for view in before]
    assert run.outputs[spoken:] == []


@LAW
@given(programs(), histories(*US), snapshots(), snapshots())
def test_the_same_model_under_another_version_moves_nobody(
    program: Json, records: list[Json], first: Json, snapshot: Json
) -> None:
    run = adopted(adopted(folded(program, records), first, version=3), snapshot, version=4)
    before, spoken = views(run), len(run.outputs)
    adopted(run, snapshot, version=9)
    assert run.outputs[spoken:] == []
    assert [segment_of(view) for view in views(run)] == [segment_of(view) for view in before]
    assert {view["model_version"] for view in views(run) if rfm_of(view)["frequency"]} <= {9}


@LAW
@given(programs(), histories(*US), snapshots(), st.integers(0, 20))
def test_who_has_no_order_that_counts_is_nowhere_and_everybody_else_is_somewhere(
    program: Json, records: list[Json], snapshot: Json, after: int
) -> None:
    run = folded_with(snapshot, program, records, after)
    for view in views(run):
        names = [segment_of(view)[scheme] for scheme in NOWHERE]
        scores = rfm_of(view)["scores"]
        assert isinstance(scores, dict)
        assert {one is None for one in (*names, *scores.values())} == {not rfm_of(view)["frequency"]}
        is_priced = snapshot["value"] is not None and bool(rfm_of(view)["frequency"])
        assert (view["clv_90d"] is not None) == is_priced


@LAW
@given(programs(), histories(*US), snapshots(), st.integers(0, 20), st.integers(0, 400))
def test_the_counts_by_segment_are_those_of_the_customers(
    program: Json, records: list[Json], snapshot: Json, after: int, days: int
) -> None:
    run = folded_with(snapshot, program, records, after)
    run.take_step(Tick(run.meta.clock_at + days * DAY_US))
    for scheme in NOWHERE:
        names = [segment_of(view)[scheme] for view in views(run)]
        counted = {name: names.count(name) for name in names if name is not None}
        assert run.meta.customers_by_segment.get(scheme, {}) == counted


@LAW
@given(programs(), definitions, definitions, histories(*US), snapshots(), st.integers(0, 20))
def test_other_definitions_score_everybody_once_and_the_same_ones_nobody(
    program: Json, first: Json, second: Json, records: list[Json], snapshot: Json, after: int
) -> None:
    run = folded_with(snapshot, program | {"segments": first}, records, after)
    at = run.meta.clock_at
    run.take_step(Tick(at))
    before, spoken = [segment_of(view) for view in views(run)], len(run.outputs)
    for version, segments in ((2, second), (3, second | {"k": 9})):
        changed = program | {"version": version, "segments": segments}
        run.take_step(ProgramChange(at, program_of(changed).canonical_json()))
        run.take_step(Tick(at))
    said, defined = changes(run, spoken), definitions_of({"segments": second})
    for view in views(run):
        scores, tier = rfm_of(view)["scores"], view["tier"]
        assert isinstance(scores, dict)
        assert isinstance(tier, dict)
        if scores["r"] is not None:
            persona = defined.persona_of(scores["r"], str(tier["name"]))
            assert segment_of(view)["rfm"] == defined.segment_of(Scores(scores["r"], scores["f"], scores["m"]))
            assert segment_of(view)["persona"] == persona
    assert {json.dumps(body["trigger"]) for body in said} <= {'{"kind": "program_change", "id": null}'}
    assert {str(body["program_version"])[0] for body in said if body["scheme"] == "rfm"} <= {"2"}
    if definitions_of({"segments": first}) == defined:
        assert [segment["rfm"] for segment in before] == [segment_of(view)["rfm"] for view in views(run)]


@pytest.mark.parametrize("back", [a_refund(amount="12.50"), a_cancellation(occurred_at="2017-03-01T13:00:00Z")])
@given(snapshot=snapshots())
def test_bought_and_given_back_is_nowhere_again(back: Json, snapshot: Json) -> None:
    run = adopted(folded(with_rules(), [a_record(an_order("o-1", "12.50"), BEGIN_AT // 1000)]), snapshot, version=2)
    there = run.read_models(BEGIN_AT)["c-1"]
    gone_at = BEGIN_AT + HOUR_US
    for record in log_records([a_record(back, gone_at // 1000)]):
        run.take_record(record)
    view = run.read_models(gone_at)["c-1"]
    assert segment_of(view) == NOWHERE | {"traits": [], "since": instant_text(gone_at)}
    assert (view["model_version"], rfm_of(view)["scores"]) == (2, {"r": None, "f": None, "m": None})
    gone = [body for body in changes(run) if body["to"] is None]
    assert {body["scheme"]: body["from"] for body in gone} == {one: segment_of(there)[one] for one in NOWHERE}
    assert [(body["criteria"], body["counterfactual"], body["model_version"]) for body in gone] == [([], None, 2)] * 3


@given(snapshot=snapshots())
def test_who_was_never_scored_has_no_version_of_a_model(snapshot: Json) -> None:
    run = adopted(folded(with_rules(), [a_record(a_refund(), BEGIN_AT // 1000)]), snapshot)
    assert run.read_models(BEGIN_AT)["c-1"]["model_version"] is None


# Helpers


def views(run: Run) -> list[Json]:
    as_of = max((customer.now_at for customer in run.customers.states.values()), default=0)
    return list(run.read_models(as_of).values())


def segment_of(view: Json) -> Json:
    segment = view["segment"]
    assert isinstance(segment, dict)
    return segment


def rfm_of(view: Json) -> Json:
    rfm = view["rfm"]
    assert isinstance(rfm, dict)
    return rfm


def changes(run: Run, since: int = 0) -> list[Json]:
    said = [json.loads(output.value or b"") for output in run.outputs[since:] if output.topic == CHANGES]
    return [body for body in said if body["type"] == "segment.changed"]
