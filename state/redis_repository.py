"""The store on Redis or Valkey: one hash tag per partition, every write one Redis Function call.

Keys, all beginning with ``<name>:{tl:<p>}:`` so that Redis Cluster keeps a partition in one slot:
``meta`` (hash: token, meta, journal_at, published_step) · ``c:<id>`` state (JSON) · ``o:<id>`` order ledger (hash) ·
``due`` (every customer; next due moment in microseconds, inf = none, a change of program
or model that is being swept left out) · ``dirty`` (read models to
publish; score = step) · ``outbox`` (list, one entry a commit) · ``erased`` (hash: SHA-256 of the id -> instant).
For pages: ``h:<id>`` (list, what was said about a customer) · ``live`` (stream, one entry an output, id = its step and
number) · ``changed`` (stream, one entry a commit: ids) · ``days`` (hash of slots: customers by tier and segment at the
end of a day) · ``lag`` (JSON, gone after 5 s; the only key that is written outside of the Functions).
"""

from collections.abc import Sequence
from typing import Final, cast

import msgspec

from schemas.instants import Instant
from state.redis_packing import Argument, Reply, commit_arguments, fields_and_values, load_arguments, loaded
from state.redis_reading import RedisReading
from state.redis_wire import RedisWire
from state.store import LAG_KEPT_MS, Dirty, LagNote, Loaded, Peeked, Stored, StoreUnusableError, Wanted, Write

COMMAND_TIMEOUT_SECONDS: Final = 5.0
"""A Function call takes milliseconds; longer means that Redis is gone or forking on a very slow disk."""
DURABLE_TIMEOUT_MS: Final = 2000
"""How long a claim waits for the disk; `appendfsync everysec` needs up to one second."""


class RedisRepository(RedisReading):
    """The `Store` of every partition of one installation.

    Shared by a worker's partitions; each call borrows a connection. Raises StoreUnavailableError where an outcome is
    unknown and StoreUnusableError where an operator has to act.
    """

    def __init__(self, url: str, name: str = "tierline", timeout_seconds: float = COMMAND_TIMEOUT_SECONDS) -> None:
        super().__init__()
        self._name = name
        self._wire = RedisWire(url, timeout_seconds)

    async def close(self) -> None:
        """Close every connection."""
        await self._stop_waiting()
        await self._wire.close()

    def server(self, partition: int) -> str:
        """Return the URL of the server where the partition was last found, or of who is asked next."""
        return self._wire.server(partition)

    async def check(self, partition: int = 0) -> list[str]:
        """Return warnings on durability; raises where the partition's Redis must not hold states at all."""
        memory = await self._wire.info(partition, "memory")
        persistence = await self._wire.info(partition, "persistence")
        policy = memory.get("maxmemory_policy", "noeviction")
        named = self._wire.named(partition)
        if policy != "noeviction":
            raise StoreUnusableError(
                f"{named} may evict customers (maxmemory-policy is {policy}): set maxmemory-policy to noeviction"
            )
        if not int(persistence.get("aof_enabled", 0)):
            return [f"{named} has no AOF: a crash loses states until a rebuild; set appendonly to yes"]
        return []

    async def claim(self, partition: int, new_token: str) -> Stored:
        """Rotate the token and wait until the disk (and every replica's) has it."""
        await self.token(partition)  # In a cluster this finds the partition's server, which is the one to be checked.
        warnings = await self.check(partition)
        reply = await self._call("claim", partition, new_token)
        warnings += await self._made_durable(partition, new_token) if not warnings else []
        meta, journal_at, published_step, clearing = cast("list[bytes | None]", reply)
        return Stored(meta, int(journal_at or 0), int(published_step or 0), clearing is not None, tuple(warnings))

    async def token(self, partition: int) -> str:
        """Return the token in force, an empty one where nobody claimed yet."""
        value = cast("bytes | None", await self._command(partition, "HGET", self._meta(partition), "token"))
        return (value or b"").decode()

    async def load(self, partition: int, wanted: Wanted) -> Loaded:
        """Return what a batch needs, in one round trip."""
        reply = await self._call("load", partition, *load_arguments(wanted))
        return loaded(wanted, cast("list[list[bytes | None]]", reply))

    async def load_ledgers(self, partition: int, customer_ids: Sequence[str]) -> dict[str, dict[str, bytes]]:
        """Return every field of these customers' ledgers, in one round trip."""
        reply = cast("list[list[bytes]]", await self._call("load_ledgers", partition, *customer_ids))
        return {i: fields_and_values(flat) for i, flat in zip(customer_ids, reply, strict=True)}

    async def load_ledger(self, partition: int, customer_id: str) -> dict[str, bytes]:
        """Return every field of one customer's ledger."""
        return (await self.load_ledgers(partition, [customer_id]))[customer_id]

    async def due(self, partition: int, until_at: Instant, limit: int) -> list[tuple[Instant, str]]:
        """Return up to ``limit`` customers with something due until then, earliest first."""
        key = self._key(partition, "due")
        flat = await self._command(partition, "ZRANGEBYSCORE", key, "-inf", until_at, "WITHSCORES", "LIMIT", 0, limit)
        pairs = cast("list[bytes]", flat)
        return [(int(float(score)), i.decode()) for i, score in zip(pairs[::2], pairs[1::2], strict=True)]

    async def commit(self, partition: int, expected: str, new_token: str, write: Write) -> bool:
        """Write everything in one Function call, or nothing and return False where the token is foreign."""
        return await self._call("commit", partition, *commit_arguments(expected, new_token, write)) == 1

    async def peek(self, partition: int, limit: int) -> Peeked:
        """Return the token and the first ``limit`` entries of the outbox, as of one moment."""
        token, entries = cast("tuple[bytes | None, list[bytes]]", await self._call("peek", partition, limit))
        return Peeked((token or b"").decode(), entries)

    async def trim(
        self, partition: int, expected: str, new_token: str, count: int, journal_at: int, published_step: int
    ) -> bool:
        """Drop the first ``count`` entries and note how far the journal is, or return False."""
        reply = await self._call("trim", partition, expected, new_token, count, journal_at, published_step)
        return reply == 1

    async def note_lag(self, partition: int, note: LagNote) -> None:
        """Keep the note for a few seconds by Redis' own clock, so that no two machines' clocks are compared."""
        await self._command(partition, "SET", self._key(partition, "lag"), msgspec.json.encode(note), "PX", LAG_KEPT_MS)

    async def clear(self, partition: int, expected: str) -> bool:
        """Remove everything but the token, 500 customers a call."""
        reply = await self._call("clear", partition, expected)
        while reply == 2:
            reply = await self._call("clear", partition, expected)
        return reply == 1

    async def dirty(self, partition: int, limit: int) -> list[Dirty]:
        """Return up to ``limit`` customers to publish again, longest waiting first."""
        flat = await self._command(partition, "ZRANGE", self._key(partition, "dirty"), 0, limit - 1, "WITHSCORES")
        pairs = cast("list[bytes]", flat)
        if not pairs:
            return []
        ids = [customer_id.decode() for customer_id in pairs[::2]]
        states = await self._command(partition, "MGET", *(self._key(partition, f"c:{i}") for i in ids))
        steps = [int(float(score)) for score in pairs[1::2]]
        return [Dirty(*found) for found in zip(ids, steps, cast("list[bytes | None]", states), strict=True)]

    async def clean(self, partition: int, published: Sequence[Dirty]) -> None:
        """Forget those that did not change again since."""
        args = [argument for dirty in published for argument in (dirty.customer_id, dirty.step)]
        for start in range(0, len(args), 1000):
            await self._call("clean", partition, *args[start : start + 1000])

    def _key(self, partition: int, rest: str) -> str:
        return f"{self._name}:{{tl:{partition}}}:{rest}"

    def _meta(self, partition: int) -> str:
        return self._key(partition, "meta")

    async def _made_durable(self, partition: int, token: str) -> list[str]:
        """Write the token again together with WAITAOF, which waits for this connection's own writes only."""
        named, replication = self._wire.named(partition), await self._wire.info(partition, "replication")
        replicas = int(replication.get("connected_slaves", "0"))
        again = ("HSET", self._meta(partition), "claimed_by", token)
        waiting = ("WAITAOF", 1, replicas, DURABLE_TIMEOUT_MS)
        reply = await self._wire.on_one_connection(partition, again, waiting)
        if isinstance(reply, str):
            return [f"{named} cannot confirm that a claim is on disk: {reply}"]
        local, remote = cast("tuple[int, int]", reply[-1])
        if local < 1 or remote < replicas:
            return [f"{named} did not confirm a claim on disk within {DURABLE_TIMEOUT_MS} ms"]
        return []

    async def _is_cluster(self) -> bool:
        return (await self._wire.info(0, "cluster")).get("cluster_enabled") == "1"

    async def _call(self, function: str, partition: int, *args: Argument) -> Reply:
        return await self._wire.call(function, partition, self._meta(partition), *args)

    async def _command(self, partition: int, *args: Argument) -> Reply:
        return await self._wire.command(partition, *args)
