"""One record of a log, whether Kafka or a file brought it."""

from typing import Final

import msgspec

from schemas.instants import Instant

Headers = tuple[tuple[str, bytes | None], ...]
"""A record's headers, in order; a name may repeat, and Kafka lets a value be null."""

TIMESTAMP_MS_END: Final = 221_845_392_000_000
"""9000-01-01T00:00:00Z: whatever follows from an earlier moment (terms of 100 years) can still be written as a date."""


class LogRecord(msgspec.Struct, frozen=True, gc=False):
    """A record as it stands in a partition. ``timestamp_ms`` is Kafka's, -1 when it has none."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()

    def timestamp_at(self, clock_at: Instant) -> Instant:
        """Return when the log learnt of the record; ``clock_at`` where it does not say, or names no possible moment."""
        return self.timestamp_ms * 1000 if 0 <= self.timestamp_ms < TIMESTAMP_MS_END else clock_at
