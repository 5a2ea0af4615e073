"""The models topic as a list of versions, and which of them may be adopted; no I/O."""

from typing import Final

from schemas.drift import Drift
from schemas.operator_records import Freeze, decode_model_record
from schemas.snapshot import Snapshot

NONE_YET: Final = -1


class ModelVersions:
    """A fold of the topic: give it every record in its order."""

    def __init__(self) -> None:
        self.snapshots: dict[int, Snapshot] = {}
        """Those that can be read, by version, oldest first."""
        self.frozen_at: int | None = None
        """Nothing newer than this version is adopted."""

    def take(self, offset: int, body: bytes) -> None:
        """Take the next record. Raises NewerModelError and UnreadableModelError; such a one counts for nothing."""
        record = decode_model_record(body)
        if isinstance(record, Freeze):
            self.frozen_at = record.version
            return
        self.snapshots[offset] = record
        if record.rollback:
            self.frozen_at = offset if record.rollback.freezes else None

    def newest(self) -> int:
        """Return the newest version, frozen or not; `NONE_YET` before the first."""
        return next(reversed(self.snapshots), NONE_YET)

    def to_adopt(self) -> int:
        """Return the newest version that is not behind a freeze; `NONE_YET` where none is."""
        frozen_at = self.frozen_at
        if frozen_at is None:
            return self.newest()
        return next((version for version in reversed(self.snapshots) if version <= frozen_at), NONE_YET)

    def held_back(self) -> int:
        """Return how many versions are behind a freeze."""
        frozen_at = self.frozen_at
        return 0 if frozen_at is None else sum(version > frozen_at for version in self.snapshots)

    def last_drift(self) -> Drift | None:
        """Return what the trainer noticed last; rollbacks say nothing of it."""
        learnt = (one for one in reversed(self.snapshots.values()) if not one.rollback)
        return next((one.drift for one in learnt), None)
