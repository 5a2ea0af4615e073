"""What a trainer must remember to go on after a restart as if there had been none."""

from typing import Final

import msgspec

from models.customer_table import Row
from models.settings import LearningSettings
from schemas.features import KEY_LIMIT, Features
from schemas.instants import Instant
from schemas.snapshot import NewerModelError, UnreadableModelError

TRAINER_FORMAT: Final = 1


class Centres(msgspec.Struct):
    """The clusters in the making, between two days' ends."""

    scaled: list[list[float]]
    mean: Features
    deviation: Features
    """The scaling of the day: it changes only when a day ends."""
    names: tuple[str, ...]


class TrainerState(msgspec.Struct, kw_only=True):
    """A trainer between two samples."""

    format: int = TRAINER_FORMAT
    settings: LearningSettings
    days: int = 0
    """How many days have ended."""
    ended_at: Instant | None = None
    restarts: int = 0
    broken_days: int = 0
    """On how many days in a row a name's predicate was broken."""
    below: int = KEY_LIMIT
    rows: dict[int, Row] = msgspec.field(default_factory=dict)
    """By sampling key."""
    centres: Centres | None = None
    """None until the warm-up is over."""


def encode_trainer(state: TrainerState) -> bytes:
    """Return the state as JSON; some 60 bytes a customer."""
    return msgspec.json.encode(state)


def decode_trainer(blob: bytes) -> TrainerState:
    """Return the state in ``blob``; raises `NewerModelError` or `UnreadableModelError`."""
    try:
        found = msgspec.json.decode(blob, type=_Format).format
        if found > TRAINER_FORMAT:
            raise NewerModelError(f"a trainer's state has format {found}; this Tierline reads up to {TRAINER_FORMAT}")
        return msgspec.json.decode(blob, type=TrainerState)
    except msgspec.DecodeError as error:
        raise UnreadableModelError(f"a trainer's state cannot be read: {error}") from error


class _Format(msgspec.Struct):
    format: int
