"""Installations whose servers a test may break, and a line in the report for each fault that really happened."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.integration.installation import Installation
from tests.servers import KafkaServer, ValkeyServer, name_of

Happened = Callable[[str, object], None]


class NewInstallation(Protocol):
    """Makes an installation on the servers that it is given, else on the session's."""

    def __call__(
        self, *, kafka: str | None = None, redis_url: str | None = None, partitions: int = 2, **options: object
    ) -> Installation: ...


@pytest.fixture
def new_installation(kafka: KafkaServer, valkey: ValkeyServer, tmp_path: Path) -> Iterator[NewInstallation]:
    """Makes installations with topics of their own; ``options`` are what their workers are told beside the usual."""
    made: list[Installation] = []

    def new(
        *, kafka: str | None = None, redis_url: str | None = None, partitions: int = 2, **options: object
    ) -> Installation:
        servers = kafka or session_kafka, redis_url or session_redis
        one = Installation(name_of("fault"), *servers, tmp_path, partitions, options)
        one.create_topics()
        made.append(one)
        return one

    session_kafka, session_redis = kafka.bootstrap, valkey.url
    yield new
    for one in made:
        one.stop_workers()


@pytest.fixture
def happened(record_property: Happened, capsys: pytest.CaptureFixture[str]) -> Happened:
    """Records how often a fault happened, and prints it: a run without its faults shows nothing."""

    def note(name: str, count: object) -> None:
        record_property(name, count)
        with capsys.disabled():
            sys.stdout.write(f" {name}={count} ")
            sys.stdout.flush()

    return note
