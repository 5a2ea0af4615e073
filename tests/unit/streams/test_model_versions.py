"""Which version a worker adopts, whatever the trainer and the operators published; what the trainer goes on from."""

import json

import pytest
from msgspec.structs import replace

from schemas.operator_records import Freeze, decode_model_record, encode_freeze, is_of_operator
from schemas.snapshot import NewerModelError, Rollback, UnreadableModelError, encode_snapshot
from streams.model_versions import NONE_YET, ModelVersions
from tests.unit.models.building import a_snapshot

LEARNT = encode_snapshot(a_snapshot())


def rolled_back(to: int, *, freezes: bool = True) -> bytes:
    return encode_snapshot(replace(a_snapshot(), rollback=Rollback(to, freezes)))


def frozen(version: int | None) -> bytes:
    return encode_freeze(Freeze(version))


def adopted(*records: bytes) -> int:
    versions = ModelVersions()
    for offset, body in enumerate(records):
        versions.take(offset, body)
    return versions.to_adopt()


def test_the_newest_is_adopted_and_before_the_first_none() -> None:
    assert adopted() == NONE_YET
    assert adopted(LEARNT, LEARNT) == 1


def test_a_rollback_is_a_version_and_holds_back_what_comes_after() -> None:
    assert adopted(LEARNT, LEARNT, rolled_back(0)) == 2
    assert adopted(LEARNT, LEARNT, rolled_back(0), LEARNT, LEARNT) == 2


def test_a_rollback_that_goes_on_is_followed_by_the_next_and_ends_a_freeze() -> None:
    assert adopted(LEARNT, rolled_back(0, freezes=False), LEARNT) == 2
    assert adopted(LEARNT, frozen(0), LEARNT, rolled_back(0, freezes=False)) == 3


def test_a_freeze_holds_back_what_is_newer_until_it_is_lifted() -> None:
    assert adopted(LEARNT, frozen(0), LEARNT) == 0
    assert adopted(LEARNT, frozen(0), LEARNT, LEARNT, frozen(None)) == 3
    assert adopted(frozen(0), LEARNT) == NONE_YET, "offset 0 is the freeze itself"


def test_a_rollback_while_frozen_is_adopted_all_the_same() -> None:
    assert adopted(LEARNT, LEARNT, frozen(1), LEARNT, rolled_back(0), LEARNT) == 4


def test_the_trainer_knows_what_it_did_not_learn() -> None:
    assert [is_of_operator(body) for body in (LEARNT, rolled_back(0), frozen(3), frozen(None), b"nonsense")] == [
        False, True, True, True, False,
    ]  # fmt: skip


def test_a_snapshot_that_was_learnt_says_nothing_of_rollbacks() -> None:
    assert "rollback" not in json.loads(LEARNT)


@pytest.mark.parametrize("body", [b"", b"nonsense", b'{"operator":"freeze"}', b'{"operator":"freeze","version":"x"}'])
def test_what_cannot_be_read_counts_for_nothing(body: bytes) -> None:
    versions = ModelVersions()
    versions.take(0, LEARNT)
    with pytest.raises(UnreadableModelError):
        versions.take(1, body)
    assert versions.to_adopt() == 0


def test_an_operator_of_the_future_is_told_from_nonsense() -> None:
    with pytest.raises(NewerModelError, match="'pin'"):
        decode_model_record(b'{"operator":"pin"}')
