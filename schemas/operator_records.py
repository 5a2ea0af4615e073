"""What an operator says on `loyalty.models.v1`, beside the trainer's snapshots: roll back, freeze, unfreeze.

A rollback is a snapshot (with `Snapshot.rollback`), so that whoever adopts versions adopts it like any other. A freeze
is no snapshot, and no version.
"""

from typing import Final, TypeAlias

import msgspec

from schemas.snapshot import NewerModelError, Snapshot, UnreadableModelError, decode_snapshot

FREEZE: Final = "freeze"


class Freeze(msgspec.Struct, frozen=True, tag_field="operator", tag=FREEZE):
    """From here on workers adopt nothing newer than ``version``; None: the newest again."""

    version: int | None


ModelRecord: TypeAlias = Snapshot | Freeze


def encode_freeze(freeze: Freeze) -> bytes:
    """Return the published form."""
    return msgspec.json.encode(freeze)


def decode_model_record(blob: bytes) -> ModelRecord:
    """Return what a record of the models topic says.

    Raises `NewerModelError` for what only a newer Tierline knows, `UnreadableModelError` for anything else.
    """
    said = _spoken(blob)
    if not said.operator:
        return decode_snapshot(blob)
    if said.operator != FREEZE:
        raise NewerModelError(f"an operator said {said.operator[:40]!r}, which a newer Tierline knows")
    try:
        return msgspec.json.decode(blob, type=Freeze)
    except msgspec.DecodeError as error:
        raise UnreadableModelError(f"what an operator said cannot be read: {error}") from error


def is_of_operator(blob: bytes) -> bool:
    """Tell whether a record is no result of learning: the trainer passes it over."""
    try:
        said = _spoken(blob)
    except UnreadableModelError:
        return False
    return bool(said.operator) or bool(bytes(said.rollback))


class _Spoken(msgspec.Struct):
    operator: str = ""
    rollback: msgspec.Raw = msgspec.Raw(b"")


def _spoken(blob: bytes) -> _Spoken:
    try:
        return msgspec.json.decode(blob, type=_Spoken)
    except msgspec.DecodeError as error:
        raise UnreadableModelError(f"a model snapshot cannot be read: {error}") from error
