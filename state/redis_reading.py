"""What pages read from a partition's keys: the latest state, what was said, who changed. Nothing here writes."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import cast

import msgspec

from schemas.instants import Instant
from state.live_entry import LiveEntry, Place
from state.meta import DayCounts, decode_day
from state.redis_packing import Argument, Reply
from state.redis_waits import Waits
from state.store import LIVE_MAX, LagNote, Scanned


class RedisReading(ABC):
    """The read half of `RedisRepository`; raises as it does."""

    def __init__(self) -> None:
        self._waits: Waits | None = None
        self._is_one_server = False

    async def meta(self, partition: int) -> bytes | None:
        """Return the partition's meta as of the last commit."""
        return cast("bytes | None", await self._command(partition, "HGET", self._key(partition, "meta"), "meta"))

    async def state(self, partition: int, customer_id: str) -> bytes | None:
        """Return one customer's state."""
        return cast("bytes | None", await self._command(partition, "GET", self._key(partition, f"c:{customer_id}")))

    async def states(self, partition: int, customer_ids: Sequence[str]) -> list[bytes | None]:
        """Return the states of some customers of the partition, in their order, in one round trip."""
        keys = [self._key(partition, f"c:{customer_id}") for customer_id in customer_ids]
        return cast("list[bytes | None]", await self._command(partition, "MGET", *keys))

    async def customers(self, partition: int, after: int = 0, limit: int = 500) -> list[str]:
        """Return a slice of the partition's customer ids, by position; empty at the end."""
        ids = await self._command(partition, "ZRANGE", self._key(partition, "due"), after, after + limit - 1)
        return [customer_id.decode() for customer_id in cast("list[bytes]", ids)]

    async def scan_from(self, partition: int, place: int, limit: int) -> Scanned:
        """Return about ``limit`` customers from ``place`` on, while others go on writing.

        Whoever is there from beginning to end comes, and may come twice: Redis says no more of a scan.
        """
        reply = await self._command(partition, "ZSCAN", self._key(partition, "due"), place, "COUNT", limit)
        cursor, flat = cast("tuple[bytes, list[bytes]]", reply)
        pairs = zip(flat[::2], flat[1::2], strict=True)
        return Scanned([(_moment(score), customer_id.decode()) for customer_id, score in pairs], int(cursor))

    async def told(self, partition: int, customer_id: str) -> list[bytes]:
        """Return the bodies of the newest outputs about a customer, oldest first."""
        return cast(
            "list[bytes]", await self._command(partition, "LRANGE", self._key(partition, f"h:{customer_id}"), 0, -1)
        )

    async def days(self, partition: int) -> dict[int, DayCounts]:
        """Return the customers by tier and segment at the end of each day (since 1970, UTC) with something in it."""
        blobs = await self._command(partition, "HVALS", self._key(partition, "days"))
        return dict(map(decode_day, cast("list[bytes]", blobs)))

    async def lag(self, partition: int) -> LagNote | None:
        """Return how far the partition is behind, None where no worker has said so lately."""
        blob = cast("bytes | None", await self._command(partition, "GET", self._key(partition, "lag")))
        return None if blob is None else msgspec.json.decode(blob, type=LagNote)

    async def live_since(self, partition: int, place: Place) -> list[LiveEntry]:
        """Return the outputs after ``place`` that are still kept, oldest first."""
        start = f"({place[0]}-{place[1]}"
        found = await self._command(
            partition, "XRANGE", self._key(partition, "live"), start, "+", "COUNT", 2 * LIVE_MAX
        )
        return _entries(partition, found)

    async def live_newest(self, partition: int, count: int) -> list[LiveEntry]:
        """Return the newest ``count`` outputs, oldest first."""
        found = await self._command(partition, "XREVRANGE", self._key(partition, "live"), "+", "-", "COUNT", count)
        return _entries(partition, found)[::-1]

    async def await_live(
        self, places: Mapping[int, Place], changed: Mapping[int, Place], wait_ms: int
    ) -> list[LiveEntry]:
        """Return what came after these places, by partition; empty if nothing did within ``wait_ms`` (below 5,000).

        One server is asked about all partitions at once; a cluster answers for one slot at a time.
        """
        if self._waits is None and not self._is_one_server:
            self._is_one_server = not await self._is_cluster()
        if self._is_one_server:
            return await self._read_live(places, changed, wait_ms)
        self._waits = self._waits or Waits(self._read_live)
        return await self._waits.any(places, changed, wait_ms)

    async def _read_live(
        self, places: Mapping[int, Place], changed: Mapping[int, Place], wait_ms: int
    ) -> list[LiveEntry]:
        keys = {self._key(p, "live"): p for p in places} | {self._key(p, "changed"): p for p in changed}
        after = [f"{step}-{number}" for step, number in (*places.values(), *changed.values())]
        partition = next(iter(keys.values()), 0)
        found = await self._command(partition, "XREAD", "COUNT", LIVE_MAX, "BLOCK", wait_ms, "STREAMS", *keys, *after)
        streams = cast("Sequence[tuple[bytes, Reply]]", found or ())
        return [entry for key, entries in streams for entry in _entries(keys[key.decode()], entries)]

    async def _stop_waiting(self) -> None:
        if self._waits is not None:
            await self._waits.stop()

    @abstractmethod
    async def _is_cluster(self) -> bool: ...

    @abstractmethod
    async def _command(self, partition: int, *args: Argument) -> Reply: ...

    @abstractmethod
    def _key(self, partition: int, rest: str) -> str: ...


def _moment(score: bytes) -> Instant | None:
    return None if score == b"inf" else int(float(score))


def _entries(partition: int, reply: Reply) -> list[LiveEntry]:
    return [_entry(partition, *one) for one in cast("list[tuple[bytes, list[bytes]]]", reply)]


def _entry(partition: int, place: bytes, fields: list[bytes]) -> LiveEntry:
    step, _, number = place.partition(b"-")
    at = int(step), int(number)
    if len(fields) == 2:
        return LiveEntry(partition, at, tuple(msgspec.json.decode(fields[1], type=list[str])), None)
    return LiveEntry(partition, at, (fields[1].decode(),), fields[3])
