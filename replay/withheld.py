"""Erased customers in a replay along the journal: the fold repeats everything, the files show nothing of them.

An erasure counts if it is in Kafka when the replay of its partition begins.
"""

from collections.abc import AsyncIterator, Mapping

from replay.run import Run, erasure_of
from schemas.record import LogRecord
from schemas.topics import CONSENTS


async def last_erasures(consents: AsyncIterator[LogRecord]) -> dict[bytes, int]:
    """Return, by key, the offset of the last record that erases the customer."""
    erasures: dict[bytes, int] = {}
    async for record in consents:
        erasure = erasure_of(record)
        if erasure is not None:
            erasures[erasure[0].encode()] = record.offset
    return erasures


class Withheld:
    """Knows whose life, at the step a run stands at, still has its erasure ahead of it."""

    def __init__(self, last_erasures: Mapping[bytes, int], run: Run) -> None:
        self.run = run
        self._last_erasures = last_erasures

    def holds(self, key: bytes | None) -> bool:
        """Tell whether what this customer does now will be erased."""
        return self._last_erasures.get(key or b"", -1) >= self.run.meta.offsets.get(CONSENTS, 0)
