"""Along the journal: the same states and outputs as the partition had, and clear words where that cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from replay.errors import HistoryGoneError, TornJournalError, UnreplayableStepError
from schemas.journal import ModelAdoption, compress, decode_entry, encode_entry
from schemas.topics import CHANGES, CONSENTS, JOURNAL, NUDGES, ORDERS
from state.outputs import Output
from tests.builders import a_consent, a_record, an_erasure, an_order
from tests.journals import FakeLog, Json, Worked, replayed, worked
from tests.logs import random_steps
from tests.unit.replay.log_files import lines_of

MARCH = 1_488_369_600_000  # 2017-03-01T12:00:00Z


def bodies(outputs: list[Output], topic: str) -> list[object]:
    return [json.loads(output.value or b"") for output in outputs if output.topic == topic]


def steps_of(*records: Json) -> list[Json]:
    return [{"step": "record", "record": record} for record in records]


@pytest.fixture
def done() -> Worked:
    order = an_order("o-1", "600.00")
    return worked({}, steps_of(a_record(a_consent(), MARCH), a_record(order, MARCH), a_record(order, MARCH)), seed=3)


@pytest.mark.parametrize("seed", range(5))
def test_a_replay_along_the_journal_equals_what_was_done(seed: int, tmp_path: Path) -> None:
    program, steps = random_steps(seed)
    erased = {json.dumps(one) for one in steps if "customer.erased" in json.dumps(one)}
    kept = _with_adoptions([one for one in steps if json.dumps(one) not in erased])
    done = worked(program, kept, seed=seed)
    report = replayed(FakeLog(done), tmp_path)
    for name, topic in (("nudges", NUDGES), ("changes", CHANGES)):
        assert lines_of(tmp_path, name) == bodies(done.published, topic)
    as_of = max([done.run.meta.clock_at, *(int(str(one["at"])) for one in kept if one["step"] == "tick")])
    as_of = max([as_of, *(int(str(one["at"])) for one in kept if one["step"] == "program")])
    expected = msgspec.json.decode(msgspec.json.encode(list(done.run.read_models(as_of).values())))
    assert lines_of(tmp_path, "states") == expected
    assert report.summary.steps == done.run.meta.step


def test_erased_customers_show_in_no_file_though_their_steps_are_repeated(tmp_path: Path) -> None:
    again = an_order("o-3", "700.00", "2017-03-04T12:00:00Z")
    steps = steps_of(
        a_record(a_consent(), MARCH),
        a_record(an_order("o-1", "600.00"), MARCH),
        a_record(an_order("o-2", "1.00", customer_id="c-2"), MARCH),
        a_record(an_erasure("2017-03-02T12:00:00Z"), MARCH + 86_400_000),
        a_record(again, MARCH + 3 * 86_400_000),
    )
    done = worked({}, steps)
    report = replayed(FakeLog(done), tmp_path)
    assert report.summary.applied == 5
    assert [line["at"] for line in lines_of(tmp_path, "changes")] == ["2017-03-04T12:00:00Z"]
    assert len(bodies(done.published, CHANGES)) == 2
    assert [line["customer_id"] for line in lines_of(tmp_path, "states")] == ["c-1", "c-2"]


def test_an_erasure_behind_the_journals_end_hides_the_customer_too(done: Worked, tmp_path: Path) -> None:
    log = FakeLog(done)
    erasing = worked({}, steps_of(a_record(a_consent(), MARCH), a_record(an_erasure(), MARCH + 1)))
    log.records[CONSENTS] = erasing.inputs[CONSENTS]
    replayed(log, tmp_path)
    assert lines_of(tmp_path, "states") == lines_of(tmp_path, "changes") == []


def test_a_partition_that_never_began_has_nothing(tmp_path: Path) -> None:
    log = FakeLog(Worked(worked({}, []).run))
    report = replayed(log, tmp_path)
    assert (report.partitions, report.summary.records) == (0, 0)


def test_inputs_that_lost_their_beginning_are_named(done: Worked, tmp_path: Path) -> None:
    log = FakeLog(done)
    log.kept_from[ORDERS] = 1
    with pytest.raises(HistoryGoneError, match=r"orders.v1, partition 0, begins at offset 1 .* starts at 0.*log"):
        replayed(log, tmp_path)


def test_a_journal_that_lost_its_beginning_is_named(tmp_path: Path) -> None:
    log = FakeLog(worked(*random_steps(2), seed=1))
    log.kept_from[JOURNAL] = 1
    with pytest.raises(HistoryGoneError, match=r"journal.v1, partition 0, offset 2 begins with step \d.*first"):
        replayed(log, tmp_path)


def test_a_journal_that_was_emptied_is_named(done: Worked, tmp_path: Path) -> None:
    log = FakeLog(done)
    log.kept_from[JOURNAL] = 100
    with pytest.raises(HistoryGoneError, match=r"journal.v1, partition 0, is empty but begins at offset 100"):
        replayed(log, tmp_path)


def test_a_torn_journal_is_named(tmp_path: Path) -> None:
    done = worked(*random_steps(2), seed=1)
    log = FakeLog(done)
    del log.records[JOURNAL][2]
    with pytest.raises(TornJournalError, match=r"partition 0, offset 6 begins with step \d+, but step \d+ should"):
        replayed(log, tmp_path)


def test_inputs_that_end_before_the_journal_are_named(done: Worked, tmp_path: Path) -> None:
    log = FakeLog(done)
    log.records[ORDERS].pop()
    with pytest.raises(HistoryGoneError, match=r"retail.orders.v1, partition 0, ends at offset 1, .* took 1 more"):
        replayed(log, tmp_path)


def test_inputs_that_are_not_the_journals_are_named(done: Worked, tmp_path: Path) -> None:
    log = FakeLog(done)
    log.records[ORDERS] = [msgspec.structs.replace(one, offset=one.offset + 5) for one in log.records[ORDERS]]
    with pytest.raises(TornJournalError, match=r"offset 2 of retail.orders.v1, partition 0, but .* arrived at 7"):
        replayed(log, tmp_path)


def test_an_entry_that_is_none_is_named(done: Worked, tmp_path: Path) -> None:
    log = FakeLog(done)
    log.records[JOURNAL][0] = msgspec.structs.replace(log.records[JOURNAL][0], value=b"{}")
    with pytest.raises(TornJournalError, match="offset 0 cannot be read"):
        replayed(log, tmp_path)


@pytest.mark.parametrize(
    ("snapshot", "error", "says"),
    [
        (None, HistoryGoneError, "adopts model 17, but loyalty.models.v1 does not hold it"),
        (b'{"format":99}', UnreplayableStepError, "adopts model 17: a snapshot has format 99"),
        (b"{}", TornJournalError, "adopts model 17: a model snapshot cannot be read"),
    ],
)
def test_a_model_that_cannot_be_adopted_is_named(
    done: Worked, tmp_path: Path, snapshot: bytes | None, error: type[Exception], says: str
) -> None:
    last = decode_entry(done.entries[-1])
    done.entries.append(encode_entry(compress(last.next_step, [ModelAdoption(17, 0)], last.next_offsets)))
    done.snapshots |= {} if snapshot is None else {17: snapshot}
    with pytest.raises(error, match=says):
        replayed(FakeLog(done), tmp_path)


def _with_adoptions(steps: list[Json]) -> list[Json]:
    """Adopt a model where a change of program was swept, and sweep it at the next tick that comes so far."""
    found: list[Json] = []
    for number, step in enumerate(steps):
        found.append(step)
        if step["step"] == "tick" and step.get("upto") is None and number % 3 == 0:
            at = int(str(step["at"]))
            found += [{"step": "model", "at": at, "model": number}, {"step": "tick", "at": at}]
    return found
