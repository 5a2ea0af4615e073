"""Which server has a partition: the one that the address names or, in Redis Cluster, the primary of its slot.

A cluster needs no setting. Whoever is asked for a slot that is not his names who has it (MOVED), which is noted here;
a server that does not answer is forgotten for this partition, and the next one known is asked.
"""

from urllib.parse import SplitResult, urlsplit, urlunsplit

from redis import asyncio as aioredis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import MovedError


def one_each(url: str) -> list[str]:
    """Return the URL of each server of an address, which may name several: ``redis://user:word@one:7000,two:7000/0``."""
    parts = urlsplit(url)
    login, at, hosts = parts.netloc.rpartition("@")
    if "," not in hosts:
        return [url]
    return [urlunsplit(parts._replace(netloc=login + at + host.strip())) for host in hosts.split(",")]


def shown_server(url: str) -> str:
    """Return a server as messages name it: without login and options."""
    return url.partition("?")[0].rsplit("@", 1)[-1].removeprefix("redis://").removeprefix("rediss://")


class RedisServers:
    """The servers known so far, each with connections of its own, and where each partition was last found."""

    def __init__(self, url: str, timeout_seconds: float) -> None:
        self._urls = one_each(url)
        self._timeout_seconds = timeout_seconds
        self._clients: dict[str, aioredis.Redis] = {}
        self._found: dict[int, str] = {}
        self._asked: dict[int, int] = {}
        """How often a partition's server was forgotten: whoever is asked next is told by it."""

    @property
    def count(self) -> int:
        """How many servers are known."""
        return len(self._urls)

    async def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            await client.aclose()

    def url(self, partition: int) -> str:
        """Return the server to ask about a partition."""
        return self._found.get(partition) or self._urls[self._asked.get(partition, 0) % len(self._urls)]

    def client(self, partition: int) -> aioredis.Redis:
        """Return the connections to the server to ask about a partition."""
        url = self.url(partition)
        if url not in self._clients:
            self._clients[url] = aioredis.Redis.from_url(
                url,
                socket_timeout=self._timeout_seconds,
                socket_connect_timeout=self._timeout_seconds,
                retry=Retry(NoBackoff(), 0),
                protocol=2,
            )
        return self._clients[url]

    def moved(self, partition: int, error: MovedError) -> None:
        """Note who has the partition; a server that does not know its own name for others leaves the host out."""
        parts = urlsplit(self.url(partition))
        url = urlunsplit(parts._replace(netloc=_netloc(parts, error.host, error.port)))
        self._found[partition] = url
        if url not in self._urls:
            self._urls.append(url)

    def forget(self, partition: int) -> None:
        """Ask the next server known, where there is one."""
        self._found.pop(partition, None)
        self._asked[partition] = self._asked.get(partition, 0) + 1


def _netloc(parts: SplitResult, host: str, port: int) -> str:
    login, at, asked = parts.netloc.rpartition("@")
    return f"{login}{at}{host or asked.rpartition(':')[0] or asked}:{port}"
