import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.instants import INSTANT_MAX, INSTANT_MIN
from schemas.journal import (
    JournalEntry,
    ModelAdoption,
    ProgramChange,
    Records,
    Start,
    Step,
    Tick,
    UnreadableJournalError,
    compress,
    decode_entry,
    encode_entry,
    expand,
)
from schemas.program import Program
from schemas.topics import CONSENTS, ORDERS

instants = st.integers(INSTANT_MIN, INSTANT_MAX)
topics = st.sampled_from([ORDERS, CONSENTS])
programs = st.sampled_from([Program(version=version).canonical_json() for version in (1, 2)])
offsets = st.dictionaries(topics, st.integers(0, 2**40))
steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(Records, topics, st.integers(1, 9)),
    st.builds(Tick, instants, st.none() | st.just("0f" * 8)),
    st.builds(Start, st.none() | instants, offsets, st.dictionaries(topics, st.just("id")), programs),
    st.builds(ProgramChange, instants, programs),
    st.builds(ModelAdoption, st.integers(0, 99), instants),
)
step_lists = st.lists(steps, max_size=8)


@given(st.integers(0, 2**40), step_lists, offsets)
def test_an_entry_survives_the_topic(first_step: int, taken: list[Step], next_offsets: dict[str, int]) -> None:
    entry = compress(first_step, taken, next_offsets)
    assert decode_entry(encode_entry(entry)) == entry


@given(st.integers(0, 99), step_lists, offsets)
def test_compressing_what_was_expanded_gives_the_entry_back(
    first: int, taken: list[Step], nexts: dict[str, int]
) -> None:
    entry = compress(first, taken, nexts)
    singles = list(expand(entry))
    assert compress(first, [step for _, step in singles], nexts) == entry
    assert [number for number, _ in singles] == list(range(first, entry.next_step))


@given(step_lists)
def test_compressing_keeps_every_step_and_its_order(taken: list[Step]) -> None:
    one_by_one = list(expand(JournalEntry(0, tuple(taken), {})))
    assert list(expand(compress(0, taken))) == one_by_one


def test_only_neighbouring_records_of_one_topic_become_a_run() -> None:
    tick = Tick(1_000_000)
    entry = compress(7, [Records(ORDERS), Records(ORDERS, 2), Records(CONSENTS), tick, tick, Records(ORDERS)])
    assert entry.steps == (Records(ORDERS, 3), Records(CONSENTS), tick, tick, Records(ORDERS))
    assert entry.next_step == 14


def test_an_entry_reads_well_in_the_topic() -> None:
    entry = compress(7, [Records(ORDERS, 120), Tick(0), Tick(0, "0f" * 8), ModelAdoption(3, 0)], {ORDERS: 5})
    assert encode_entry(entry).decode() == (
        '{"first_step":7,"steps":[["retail.orders.v1",120],["tick","1970-01-01T00:00:00Z",null],'
        '["tick","1970-01-01T00:00:00Z","0f0f0f0f0f0f0f0f"],["model",3,"1970-01-01T00:00:00Z"]],"next_offsets":{"retail.orders.v1":5}}'
    )


def test_a_program_stands_in_the_journal_as_json_and_keeps_its_version() -> None:
    program = Program(version=3)
    value = encode_entry(compress(0, [Start(None, {ORDERS: 0}, {ORDERS: "abc"}, program.canonical_json())]))
    assert json.loads(value)["steps"][0][1]["program"]["version"] == 3
    start = decode_entry(value).steps[0]
    assert isinstance(start, Start)
    assert Program.from_json(start.program_json).version_id == program.version_id


@pytest.mark.parametrize(
    "value",
    [b"", b"{}", b'{"first_step":1,"steps":[[]],"next_offsets":{}}', b'{"first_step":1,"steps":[["tick","x"]]}'],
)
def test_what_is_no_entry_is_refused(value: bytes) -> None:
    with pytest.raises(UnreadableJournalError, match="not a journal entry"):
        decode_entry(value)
