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

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from importlib.resources import files
from typing import Final, cast

import hiredis
import msgspec
from redis import asyncio as aioredis
from redis import exceptions
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from schemas.instants import Instant
from state.redis_packing import Argument, commit_arguments, fields_and_values, info_of, load_arguments, loaded
from state.redis_reading import RedisReading, Reply
from state.store import (
    LAG_KEPT_MS,
    Dirty,
    LagNote,
    Loaded,
    Peeked,
    Stored,
    StoreFullError,
    StoreUnavailableError,
    StoreUnusableError,
    Wanted,
    Write,
)

COMMAND_TIMEOUT_SECONDS: Final = 5.0
"""A Function call takes milliseconds; longer means that Redis is gone or forking on a very slow disk."""
DURABLE_TIMEOUT_MS: Final = 2000
"""How long a claim waits for the disk; `appendfsync everysec` needs up to one second."""

_SOURCE: Final = files("state").joinpath("commit.lua").read_text(encoding="utf-8")
_LIBRARY: Final = "tierline_" + sha256(_SOURCE.encode()).hexdigest()[:10]
_CODE: Final = _SOURCE.replace("@LIBRARY@", _LIBRARY)
_RETRY_LATER = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.BusyLoadingError,
    exceptions.ReadOnlyError,
    exceptions.TryAgainError,
    exceptions.ClusterDownError,
    OSError,
)


class RedisRepository(RedisReading):
    """The `Store` of every partition of one installation.

    Shared by a worker's partitions; each call borrows a connection. Raises StoreUnavailableError where an outcome is
    unknown and StoreUnusableError where an operator has to act.
    """

    def __init__(self, url: str, name: str = "tierline", timeout_seconds: float = COMMAND_TIMEOUT_SECONDS) -> None:
        self._url = url
        self._name = name
        self._client = aioredis.Redis.from_url(
            url,
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def check(self) -> list[str]:
        """Return warnings on durability; raises where this Redis must not hold states at all."""
        async with self._translated():
            memory = await cast("Awaitable[dict[str, str]]", self._client.info("memory"))
            persistence = await cast("Awaitable[dict[str, int]]", self._client.info("persistence"))
        policy = memory.get("maxmemory_policy", "noeviction")
        if policy != "noeviction":
            raise StoreUnusableError(
                f"Redis at {self._where} may evict customers (maxmemory-policy is {policy}): "
                "set maxmemory-policy to noeviction"
            )
        if not int(persistence.get("aof_enabled", 0)):
            return [f"Redis at {self._where} has no AOF: a crash loses states until a rebuild; set appendonly to yes"]
        return []

    async def claim(self, partition: int, new_token: str) -> Stored:
        """Rotate the token and wait until the disk (and every replica's) has it."""
        warnings = await self.check()
        reply = await self._call("claim", partition, new_token)
        warnings += await self._made_durable(partition, new_token) if not warnings else []
        meta, journal_at, published_step, clearing = cast("list[bytes | None]", reply)
        return Stored(meta, int(journal_at or 0), int(published_step or 0), clearing is not None, tuple(warnings))

    async def token(self, partition: int) -> str:
        """Return the token in force, an empty one where nobody claimed yet."""
        value = cast("bytes | None", await self._command("HGET", self._meta(partition), "token"))
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
        flat = await self._command("ZRANGEBYSCORE", key, "-inf", until_at, "WITHSCORES", "LIMIT", 0, limit)
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
        await self._command("SET", self._key(partition, "lag"), msgspec.json.encode(note), "PX", LAG_KEPT_MS)

    async def clear(self, partition: int, expected: str) -> bool:
        """Remove everything but the token, 500 customers a call."""
        reply = await self._call("clear", partition, expected)
        while reply == 2:
            reply = await self._call("clear", partition, expected)
        return reply == 1

    async def dirty(self, partition: int, limit: int) -> list[Dirty]:
        """Return up to ``limit`` customers to publish again, longest waiting first."""
        flat = await self._command("ZRANGE", self._key(partition, "dirty"), 0, limit - 1, "WITHSCORES")
        pairs = cast("list[bytes]", flat)
        if not pairs:
            return []
        ids = [customer_id.decode() for customer_id in pairs[::2]]
        states = await self._command("MGET", *(self._key(partition, f"c:{i}") for i in ids))
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

    @property
    def _where(self) -> str:
        return self._url.partition("?")[0].rsplit("@", 1)[-1].removeprefix("redis://")

    async def _made_durable(self, partition: int, token: str) -> list[str]:
        """Write the token again together with WAITAOF, which waits for this connection's own writes only."""
        replication = await self._command("INFO", "replication")
        replicas = int(info_of(cast("bytes", replication)).get("connected_slaves", "0"))
        async with self._translated(), self._client.pipeline(transaction=False) as pipeline:
            pipeline.execute_command("HSET", self._meta(partition), "claimed_by", token)
            pipeline.execute_command("WAITAOF", 1, replicas, DURABLE_TIMEOUT_MS)
            try:
                _, reached = await pipeline.execute()
            except exceptions.ResponseError as error:
                return [f"Redis at {self._where} cannot confirm that a claim is on disk: {error}"]
        local, remote = cast("tuple[int, int]", reached)
        if local < 1 or remote < replicas:
            return [f"Redis at {self._where} did not confirm a claim on disk within {DURABLE_TIMEOUT_MS} ms"]
        return []

    async def _call(self, function: str, partition: int, *args: Argument) -> Reply:
        call = ("FCALL", f"{_LIBRARY}_{function}", 1, self._meta(partition), *args)
        try:
            return await self._send(hiredis.pack_command(call))  # type: ignore[arg-type]
        except exceptions.ResponseError as error:
            if "Function not found" not in str(error):
                raise StoreUnusableError(f"Redis at {self._where} refused a call: {error}") from error
        await self._command("FUNCTION", "LOAD", "REPLACE", _CODE)
        return await self._command(*call)

    async def _command(self, *args: Argument) -> Reply:
        try:
            return await self._send(hiredis.pack_command(args))  # type: ignore[arg-type]
        except exceptions.ResponseError as error:
            raise StoreUnusableError(f"Redis at {self._where} refused {args[0]!r}: {error}") from error

    async def _send(self, packed: bytes) -> Reply:
        async with self._translated():
            connection = await self._client.connection_pool.get_connection()  # type: ignore[no-untyped-call]
            try:
                await connection.send_packed_command([packed])
                return cast("Reply", await connection.read_response())
            except (exceptions.RedisError, OSError, asyncio.CancelledError) as error:
                if not isinstance(error, exceptions.ResponseError):
                    # A reply may still be on its way; the next borrower must not read it.
                    with suppress(OSError, exceptions.RedisError):
                        await connection.disconnect(nowait=True)
                raise
            finally:
                await self._client.connection_pool.release(connection)

    @asynccontextmanager
    async def _translated(self) -> AsyncIterator[None]:
        try:
            yield
        except exceptions.NoPermissionError as error:
            raise StoreUnusableError(
                f"Redis at {self._where} permits too little: {error}. `tierline doctor` names the missing rights"
            ) from error
        except exceptions.AuthenticationError as error:
            raise StoreUnusableError(f"Redis at {self._where} refuses the login: {error}") from error
        except exceptions.OutOfMemoryError as error:
            raise StoreFullError(
                f"Redis at {self._where} is full: give it memory (`redis-cli CONFIG SET maxmemory ...`); work goes on"
            ) from error
        except _RETRY_LATER as error:
            raise StoreUnavailableError(f"Redis at {self._where} does not answer: {str(error).rstrip('.')}") from error
