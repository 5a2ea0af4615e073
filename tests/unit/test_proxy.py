"""The proxy that fault tests put before a server: what it cuts is closed, whenever the cut comes."""

import asyncio
import socket

from tests.faults.proxy import Proxy, before

ROUNDS_MAX = 8
"""An accepted connection has its task within so many rounds of the event loop."""


def test_a_connection_that_is_cut_while_it_is_accepted_is_closed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, before(server.getsockname()[1]) as proxy:
        clients = [socket.create_connection(("127.0.0.1", proxy.port), 5)]
        for rounds in range(ROUNDS_MAX):
            proxy._await(_cut_after(proxy, rounds, clients))
    for client in clients:
        with client:
            assert _has_ended(client)


async def _cut_after(proxy: Proxy, rounds: int, clients: list[socket.socket]) -> None:
    """Connect, and cut everything so many rounds of the event loop later."""
    clients.append(socket.create_connection(("127.0.0.1", proxy.port), 5))
    for _ in range(rounds):
        await asyncio.sleep(0)
    await proxy._cut()


def _has_ended(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False
