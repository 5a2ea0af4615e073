"""The API process: one uvicorn server over one store."""

import socket

import structlog
import uvicorn

from storefront.api import create_app
from tierline.console import CommandError
from tierline.settings import Settings, variable
from tierline.wiring import installed_version, lookup_of, repository_of


async def serve(settings: Settings) -> None:
    """Answer until SIGINT or SIGTERM; ``CommandError`` if the address cannot be had."""
    repository = repository_of(settings)
    app = create_app(lookup_of(settings, repository), installed_version(), repository.close)
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=5, server_header=False)
    with _listening(settings) as listener:
        host, port = listener.getsockname()[:2]
        _log_address(host, port)
        await uvicorn.Server(config).serve(sockets=[listener])


def _log_address(host: str, port: int) -> None:
    """Log where the API answers; with TIERLINE_API_PORT=0 nobody could know otherwise."""
    structlog.get_logger("tierline.api").info("listening", url=f"http://{host}:{port}", openapi="/docs")


def _listening(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.api_host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.api_host, settings.api_port))
    except OSError as error:
        listener.close()
        raise CommandError(
            f"The API cannot listen on {settings.api_host}:{settings.api_port}: {error.strerror}. "
            f"Set {variable('api_host')} and {variable('api_port')} to an address that is free."
        ) from error
    return listener
