"""The servers that tests run against, as types for their fixtures (see conftest.py)."""

import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeVar

import pytest

from tierline.embedded import EmbeddedError, EmbeddedKafka, EmbeddedServer, EmbeddedValkey
from tierline.embedded.valkey import AppendOnly

# Popped, because Tierline's processes refuse a TIERLINE_ variable that they do not know.
SERVERS_REQUIRED = "TIERLINE_REQUIRE_SERVERS" in os.environ or os.environ.get("CI") == "true"
os.environ.pop("TIERLINE_REQUIRE_SERVERS", None)

Server = TypeVar("Server", bound=EmbeddedServer)


class KafkaServer(Protocol):
    """A Kafka that answers at ``bootstrap``."""

    @property
    def bootstrap(self) -> str: ...


class ValkeyServer(Protocol):
    """A Redis or Valkey that answers at ``url``."""

    @property
    def url(self) -> str: ...


@dataclass(frozen=True)
class RealKafka:
    """The cluster named by TIERLINE_KAFKA."""

    bootstrap: str


@dataclass(frozen=True)
class RealValkey:
    """The server named by TIERLINE_REDIS."""

    url: str


class NewKafka(Protocol):
    """Starts a Kafka that the test may stop and kill."""

    def __call__(self, *, settings: Mapping[str, str] | None = None) -> EmbeddedKafka: ...


class NewValkey(Protocol):
    """Starts a Valkey that the test may stop, kill and flush."""

    def __call__(self, *, aof: AppendOnly = "everysec", options: Mapping[str, str] | None = None) -> EmbeddedValkey: ...


@contextmanager
def started(server: Server) -> Iterator[Server]:
    """Start ``server``, and kill it at the end; one that cannot start fails the test in CI, and skips it elsewhere."""
    try:
        server.start()
    except EmbeddedError as error:
        if SERVERS_REQUIRED:
            raise
        pytest.skip(f"no {server.name}: {error}")
    try:
        yield server
    finally:
        server.kill()


def name_of(kind: str) -> str:
    """Return ``kind`` with a random tail."""
    return f"{kind}-{uuid.uuid4().hex[:12]}"
