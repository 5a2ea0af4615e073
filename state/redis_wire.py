"""Commands to the server that has a partition: packed by hiredis, replies as they come, errors by what to do next."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from importlib.resources import files
from typing import Final, cast

import hiredis
from redis import asyncio as aioredis
from redis import exceptions

from state.redis_packing import Argument, Reply, info_of
from state.redis_servers import RedisServers, shown_server
from state.store import StoreRefusedError, StoreUnavailableError, StoreUnusableError

REDIRECTIONS_MAX: Final = 5
"""More means that the servers do not agree on who has a slot: it is tried again later."""

_SOURCE: Final = files("state").joinpath("commit.lua").read_text(encoding="utf-8")
_LIBRARY: Final = "tierline_" + sha256(_SOURCE.encode()).hexdigest()[:10]
_CODE: Final = _SOURCE.replace("@LIBRARY@", _LIBRARY)
_WAIT_CODES: Final = frozenset({"MISCONF", "NOREPLICAS", "MASTERDOWN", "BUSY"})
"""Its disk is full or fails, too few of its replicas are there, its primary is gone, a script of others runs."""
_MOVES: Final = "the slot of this partition is being moved to another server"


class RedisWire:
    """Shared by every partition; each command borrows a connection to the server that has its partition.

    Raises StoreUnavailableError where an outcome is unknown, StoreRefusedError where nothing was done, and
    StoreUnusableError where an operator has to act.
    """

    def __init__(self, url: str, timeout_seconds: float) -> None:
        self._servers = RedisServers(url, timeout_seconds)

    async def close(self) -> None:
        """Close every connection."""
        await self._servers.close()

    def server(self, partition: int) -> str:
        """Return the URL of the server that is asked about a partition."""
        return self._servers.url(partition)

    def named(self, partition: int) -> str:
        """Return the server that is asked about a partition, as messages name it."""
        return f"Redis at {shown_server(self._servers.url(partition))}"

    async def call(self, function: str, partition: int, key: str, *args: Argument) -> Reply:
        """Call one of our Functions on ``key``; the server is given the library where it has none."""
        call = ("FCALL", f"{_LIBRARY}_{function}", 1, key, *args)
        try:
            return await self._send(partition, call)
        except exceptions.ResponseError as error:
            if "Function not found" not in str(error):
                raise StoreUnusableError(f"{self.named(partition)} refused a call: {error}") from error
        await self.command(partition, "FUNCTION", "LOAD", "REPLACE", _CODE)
        return await self.command(partition, *call)

    async def command(self, partition: int, *args: Argument) -> Reply:
        """Send one command."""
        try:
            return await self._send(partition, args)
        except exceptions.ResponseError as error:
            raise StoreUnusableError(f"{self.named(partition)} refused {args[0]!r}: {error}") from error

    async def on_one_connection(self, partition: int, *commands: Sequence[Argument]) -> list[Reply] | str:
        """Send some commands behind each other, where the last one asks about the others; a refusal comes as text."""
        async with self._translated(partition), self._servers.client(partition).pipeline(transaction=False) as pipeline:
            for command in commands:
                pipeline.execute_command(*command)
            try:
                return cast("list[Reply]", await pipeline.execute())
            except exceptions.ResponseError as error:
                return str(error)

    async def info(self, partition: int, section: str) -> dict[str, str]:
        """Return a section of what the partition's server says of itself."""
        return info_of(cast("bytes", await self.command(partition, "INFO", section)))

    async def _send(self, partition: int, args: Sequence[Argument]) -> Reply:
        packed = hiredis.pack_command(tuple(args))  # type: ignore[arg-type]
        async with self._translated(partition):
            for _ in range(REDIRECTIONS_MAX):
                client, connection = await self._connected(partition)
                try:
                    return await _exchange(client, connection, packed)
                except exceptions.MovedError as error:
                    self._servers.moved(partition, error)
            raise exceptions.TryAgainError("it and others name each other as the one that has the partition")

    async def _connected(self, partition: int) -> "tuple[aioredis.Redis, aioredis.Connection]":
        """Borrow a connection; where a server refuses it, nothing was asked yet, and the next one known is tried."""
        for left in reversed(range(self._servers.count)):
            client = self._servers.client(partition)
            try:
                return client, await client.connection_pool.get_connection()  # type: ignore[no-untyped-call]
            except (exceptions.AuthenticationError, exceptions.BusyLoadingError, exceptions.AuthorizationError):
                raise
            except (exceptions.ConnectionError, OSError):
                if not left:
                    raise
                self._servers.forget(partition)
        raise AssertionError("there is always a server")

    @asynccontextmanager
    async def _translated(self, partition: int) -> AsyncIterator[None]:
        try:
            yield
        except exceptions.NoPermissionError as error:
            raise StoreUnusableError(
                f"{self.named(partition)} permits too little: {error}. `tierline doctor` names the missing rights"
            ) from error
        except exceptions.AuthenticationError as error:
            raise StoreUnusableError(f"{self.named(partition)} refuses the login: {error}") from error
        except exceptions.OutOfMemoryError as error:
            raise StoreRefusedError(
                f"{self.named(partition)} is full: give it memory (`redis-cli CONFIG SET maxmemory ...`); work goes on"
            ) from error
        except exceptions.AskError as error:
            raise StoreRefusedError(f"{self.named(partition)} must wait: {_MOVES}") from error
        except (exceptions.TryAgainError, exceptions.BusyLoadingError) as error:
            raise StoreRefusedError(f"{self.named(partition)} must wait: {error}") from error
        except (exceptions.ReadOnlyError, exceptions.ClusterDownError) as error:
            named = self._forgotten(partition)
            raise StoreRefusedError(f"{named} does not have the partition now: {error}") from error
        except (exceptions.ConnectionError, exceptions.TimeoutError, OSError) as error:
            named = self._forgotten(partition)
            raise StoreUnavailableError(f"{named} does not answer: {str(error).rstrip('.')}") from error
        except exceptions.ResponseError as error:
            if str(error).partition(" ")[0] in _WAIT_CODES:
                raise StoreRefusedError(f"{self.named(partition)} takes no writes now: {error}") from error
            raise

    def _forgotten(self, partition: int) -> str:
        """Return the name of who was asked; the next time another server is."""
        named = self.named(partition)
        self._servers.forget(partition)
        return named


async def _exchange(client: "aioredis.Redis", connection: "aioredis.Connection", packed: bytes) -> Reply:
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
        await client.connection_pool.release(connection)
