"""Header names that are no UTF-8: a producer in C may send one, and aiokafka's reader gives up on the whole fetch.

Its readers are swapped for slower ones that show such a name with replacement characters, once it is needed and for the
rest of the process. They are aiokafka's own in Python, which nobody can make lenient from outside its modules.
"""

from typing import SupportsIndex, overload

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy


def read_leniently() -> None:
    """Let every consumer of this process take such records from now on; what was fetched must be fetched again."""
    fetcher.MemoryRecords = _Records


class _Records(_MemoryRecordsPy):  # type: ignore[misc]
    def next_batch(self) -> object:
        buffer = self._next_slice
        batch = super().next_batch()
        return _Batch(buffer) if isinstance(getattr(batch, "magic", 0), int) and batch.magic >= 2 else batch


class _Batch(_DefaultRecordBatchPy):  # type: ignore[misc]
    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer: bytearray = _Text(self._buffer)


class _Text(bytearray):
    """Bytes whose parts become text in any case."""

    @overload
    def __getitem__(self, place: SupportsIndex, /) -> int: ...

    @overload
    def __getitem__(self, place: slice, /) -> "_Text": ...

    def __getitem__(self, place: SupportsIndex | slice, /) -> "int | _Text":
        found = super().__getitem__(place)
        return found if isinstance(found, int) else _Text(found)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return super().decode(encoding, "replace" if errors == "strict" else errors)
