"""The real API in a thread of its own, over a partition in a real Valkey."""

from __future__ import annotations

import http.client
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import uvicorn

from models.population import Population, population_of
from models.sample_table import SampleTable
from schemas.samples import Sample, SampleSlice
from state.redis_repository import RedisRepository
from storefront.access import Access
from storefront.api import create_app
from storefront.lookup import Lookup
from tests.fuzz.world import World
from tests.servers import ValkeyServer
from tests.unit.app.test_lookalikes import Followed
from tests.unit.models.building import a_snapshot
from tierline.embedded.process import free_port


@dataclass
class Api:
    """A server in a thread of its own, and what it complained about."""

    port: int
    customers: list[str]
    errors: list[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, headers: dict[str, str] | None = None, read: int = -1) -> tuple[int, bytes]:
        """Return status and body, of an endless one its first bytes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.putrequest("GET", path, skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                connection.putheader(name, value.encode("utf-8", "surrogatepass"))
            connection.endheaders()
            answer = connection.getresponse()
            is_stream = answer.headers.get_content_type() == "text/event-stream"
            return answer.status, answer.read1(read) if is_stream else answer.read()
        finally:
            connection.close()


class _Errors(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def serve(valkey: ValkeyServer, world: tuple[str, World], access: Access) -> Iterator[Api]:
    port, errors = free_port(), _Errors()
    repository = RedisRepository(valkey.url, world[0])
    lookup = Lookup(repository, 1, lambda key: 0, lambda: time.time_ns() // 1000)
    sampled = Followed(_population(world[1].customers))
    app = create_app(lookup, "0", repository.close, access, ["https://shop.example"], sampled)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    logging.getLogger().addHandler(errors)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield Api(port, world[1].customers, errors.lines)
    app.state.feed.end()
    server.should_exit = True
    thread.join(20)
    logging.getLogger().removeHandler(errors)


def _population(customers: Sequence[str]) -> Population:
    """Return all of them as sampled, whoever is still there."""
    table = SampleTable()
    rows = tuple(Sample(one, number % 90, 1 + number % 9, 500 * number, 90) for number, one in enumerate(customers))
    table.take(SampleSlice(partition=0, at=0, rows=rows))
    return population_of(3, a_snapshot(), table)
