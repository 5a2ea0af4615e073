"""What a comparison with the store and with the output topics finds, and what it lets pass."""

from __future__ import annotations

import copy
from pathlib import Path

import msgspec
import pytest

from replay.against_topics import COMPARED, Said, first_unequal
from replay.differences import Difference, hashed
from replay.from_journal import Against
from schemas.record import LogRecord
from schemas.topics import CHANGES, NUDGES
from state.customer import Floor
from state.ledger import OrderEntry
from state.meta import encode_meta
from tests.builders import a_consent, a_record, an_order
from tests.journals import FakeLog, FakeStore, Json, Worked, replayed, worked
from tests.logs import random_steps

MARCH = 1_488_369_600_000  # 2017-03-01T12:00:00Z
STEPS: list[Json] = [
    {"step": "record", "record": a_record(a_consent(), MARCH)},
    {"step": "record", "record": a_record(an_order("o-1", "600.00"), MARCH)},
    {"step": "record", "record": a_record(an_order("o-2", "500.00"), MARCH + 1)},
]


def against_store(done: Worked, store: FakeStore, tmp_path: Path) -> list[Difference]:
    return replayed(FakeLog(done), tmp_path, Against(store)).differences


@pytest.mark.parametrize("seed", range(2))
def test_equal_states_show_no_difference(seed: int, tmp_path: Path) -> None:
    done = worked(*random_steps(seed), seed=seed)
    assert against_store(done, FakeStore(done.run), tmp_path) == []


def test_each_unequal_field_is_named_with_both_values(tmp_path: Path) -> None:
    done, other = worked({}, STEPS), worked({}, STEPS)
    customer = other.run.customers.states["c-1"]
    other.run.customers.states["c-1"] = msgspec.structs.replace(
        customer, spend_minor=1, floor=Floor("gold", 1, "goodwill")
    )
    other.run.customers.ledgers["c-1"].entries["o:o-2"] = OrderEntry(amount_minor=5)
    del other.run.customers.ledgers["c-1"].entries["o:o-1"]
    other.run.meta.counters["applied"] = 7
    found = against_store(done, FakeStore(other.run), tmp_path)
    who = hashed("c-1")
    assert [(one.customer, one.field, one.live) for one in found if "occurred" not in one.field] == [
        (None, "counter applied", "7"),
        (who, "state.spend_minor", "1"),
        (who, "state.floor", '["gold",1,"goodwill"]'),
        (who, "ledger o:o-1", "absent"),
        (who, "ledger o:o-2.amount_minor", "5"),
        (who, "ledger o:o-2.effective_at", "0"),
    ]
    assert found[1].replayed == "110000"
    assert "c-1" not in str(found[1])


def test_customers_on_one_side_only_and_due_moments_are_seen(tmp_path: Path) -> None:
    done, other = worked({}, STEPS), worked({}, STEPS)
    states = other.run.customers.states
    stranger = msgspec.structs.replace(states["c-1"], customer_id="stranger")
    states["stranger"] = stranger
    found = against_store(done, FakeStore(other.run), tmp_path)
    assert [(one.customer, one.field, one.replayed) for one in found] == [(hashed("stranger"), "state", "absent")]
    del states["c-1"], states["stranger"]
    fields = {one.field for one in against_store(done, FakeStore(other.run), tmp_path)}
    assert {"state", "due"} <= fields


def test_a_store_that_is_still_ahead_is_waited_for(tmp_path: Path) -> None:
    done, later = worked({}, STEPS[:2], commit_share=1), worked({}, STEPS, commit_share=1)
    log = FakeLog(done)
    log.later = [{}, FakeLog(later).records]
    report = replayed(log, tmp_path, Against(FakeStore(later.run)))
    assert report.differences == []
    assert report.summary.steps == later.run.meta.step


def test_a_store_that_moves_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    done = worked({}, STEPS)
    store = FakeStore(done.run)
    now, moved = encode_meta(done.run.meta), copy.deepcopy(done.run.meta)
    moved.step += 1
    store.metas = [now, now, encode_meta(moved)]
    assert against_store(done, store, tmp_path) == []
    assert store.metas == []


def test_a_store_that_never_stands_where_the_journal_ends_is_a_difference(tmp_path: Path) -> None:
    done, later = worked({}, STEPS[:2]), worked({}, STEPS)
    assert against_store(done, FakeStore(later.run), tmp_path) == [Difference(0, None, "step", "3", "4")]


def topics_of(done: Worked) -> dict[str, list[LogRecord]]:
    found: dict[str, list[LogRecord]] = {topic: [] for topic in COMPARED}
    for output in done.published:
        if output.topic in found:
            rows = found[output.topic]
            rows.append(LogRecord(output.topic, 0, len(rows), 0, output.key, output.value, tuple(output.headers)))
    return found


@pytest.mark.parametrize("seed", range(2))
def test_equal_topics_show_no_difference(seed: int, tmp_path: Path) -> None:
    done = worked(*random_steps(seed), seed=seed)
    log = FakeLog(done, topics_of(done))
    assert replayed(log, tmp_path, Against(topics=True)).differences == []


def test_a_nudge_twice_or_missing_or_changed_is_a_difference(tmp_path: Path) -> None:
    done = worked({}, STEPS)
    topics = topics_of(done)
    last = topics[NUDGES][-1]
    topics[NUDGES].append(msgspec.structs.replace(last, offset=last.offset + 1))
    topics[CHANGES][0] = msgspec.structs.replace(topics[CHANGES][0], value=b"{}")
    found = replayed(FakeLog(done, topics), tmp_path, Against(topics=True)).differences
    assert [(one.customer, one.field.split(",")[0]) for one in found] == [
        (hashed("c-1"), CHANGES),
        (hashed("c-1"), NUDGES),
    ]
    assert found[1].replayed == "absent"
    topics[NUDGES] = topics[NUDGES][:-2]
    found = replayed(FakeLog(done, topics), tmp_path, Against(topics=True)).differences
    assert found[1].live == "absent"


def said(name: str, *, may_be_missing: bool = False) -> Said:
    return Said(name, b"", may_be_missing)


A, B, C = said("a"), said("b"), said("c")


@pytest.mark.parametrize(
    ("emitted", "published", "is_cut", "expected"),
    [
        ([A, B, C], [A, B, C], False, None),
        ([A, B, C], [A, C], False, (1, "b", "c")),
        ([A, B], [A, B, C], False, (2, "absent", "c")),
        ([A, B], [A], False, (1, "b", "absent")),
        ([A, B], [B, A], False, (0, "a", "b")),
        ([A, B, C], [B, C], True, None),
        ([A, B, C], [], True, None),
        ([A, B, C], [A, C], True, (1, "b", "c")),
        ([A, B, C], [B], True, (1, "c", "absent")),
        ([said("a", may_be_missing=True), B], [B], False, None),
        ([said("a", may_be_missing=True), B], [A, B], False, None),
        ([A, said("b", may_be_missing=True)], [A], False, None),
    ],
)
def test_sequences_part_at_the_first_unequal(
    emitted: list[Said], published: list[Said], is_cut: bool, expected: tuple[int, str, str] | None
) -> None:
    assert first_unequal(emitted, published, is_cut=is_cut) == expected
