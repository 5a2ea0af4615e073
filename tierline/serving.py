"""The API process: one uvicorn server over one store, and beside it a thread that follows the samples."""

import asyncio
import signal
import socket
from types import FrameType
from typing import Final

import structlog
import uvicorn

from storefront.access import Access
from storefront.api import create_app
from storefront.feed import Feed
from tierline.console import CommandError
from tierline.settings import Settings, variable
from tierline.wiring import follower_of, installed_version, lookup_of, repository_of

BACKLOG: Final = 2048
"""Connections that may wait to be taken; uvicorn's own."""


async def serve(settings: Settings) -> None:
    """Answer until SIGINT or SIGTERM; ``CommandError`` if the address cannot be had."""
    repository = repository_of(settings)
    access = Access(settings.token_key)
    lookup = lookup_of(settings, repository)
    follower = follower_of(settings)
    app = create_app(lookup, installed_version(), repository.close, access, settings.cors_origins, follower)
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=5, server_header=False)
    with listening(settings) as listener:
        host, port = listener.getsockname()[:2]
        _log_address(host, port, access)
        if follower is not None:
            follower.start()
        try:
            await _Server(config, app.state.feed).serve(sockets=[listener])
        finally:
            if follower is not None:
                await asyncio.to_thread(follower.stop)


class _Server(uvicorn.Server):
    """Ends the open event streams first: nothing else would, and uvicorn waits for them."""

    def __init__(self, config: uvicorn.Config, feed: Feed) -> None:
        super().__init__(config)
        self._feed = feed

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Let SIGTERM end it with exit code 0, as it ends a worker: uvicorn would raise the signal again."""
        if sig == signal.SIGTERM:
            self.should_exit = True
        else:
            super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close all connections, open streams included."""
        self._feed.end()
        await super().shutdown(sockets)


def _log_address(host: str, port: int, access: Access) -> None:
    """Log where the API answers, and to whom; with TIERLINE_API_PORT=0 nobody could know otherwise."""
    readers = "anybody (set TIERLINE_API_TOKEN_KEY to ask for tokens)" if access.key is None else "tokens"
    structlog.get_logger("tierline.api").info(
        "listening", url=f"http://{host}:{port}", openapi="/docs", open_to=readers
    )


def listening(settings: Settings) -> socket.socket:
    """Return a socket on the API's address that lets connections wait; `CommandError` if the address cannot be had."""
    family = socket.AF_INET6 if ":" in settings.api_host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.api_host, settings.api_port))
        # From here on a connection waits for the server instead of being refused: the log may say "listening".
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise CommandError(
            f"The API cannot listen on {settings.api_host}:{settings.api_port}: {error.strerror}. "
            f"Set {variable('api_host')} and {variable('api_port')} to an address that is free."
        ) from error
    return listener
