"""Servers for the tests: one Kafka and one Valkey a session, and fresh ones for tests that break theirs.

TIERLINE_KAFKA and TIERLINE_REDIS put real clusters in the place of the session's two. A server that cannot start fails
the test in CI and where TIERLINE_REQUIRE_SERVERS is set; elsewhere the test is skipped with the reason.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import hypothesis
import pytest

from tests.servers import KafkaServer, NewKafka, NewValkey, RealKafka, RealValkey, ValkeyServer, name_of, started
from tests.valkey_cluster import ValkeyCluster, a_cluster
from tierline.embedded import EmbeddedKafka, EmbeddedValkey
from tierline.embedded.valkey import AppendOnly

hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")
"""How long an example takes is the machine's; pytest-timeout ends what hangs. In CI this is the default."""


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """The session's Kafka; no test stops it. Topics, groups and transactional ids carry ``unique_name``."""
    if "TIERLINE_KAFKA" in os.environ:
        yield RealKafka(os.environ["TIERLINE_KAFKA"])
    else:
        with started(EmbeddedKafka(tmp_path_factory.mktemp("kafka"))) as server:
            yield server


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """The session's Valkey, with an append-only file; no test stops or flushes it. Keys carry ``unique_name``."""
    if "TIERLINE_REDIS" in os.environ:
        yield RealValkey(os.environ["TIERLINE_REDIS"])
    else:
        with started(EmbeddedValkey(tmp_path_factory.mktemp("valkey"))) as server:
            yield server


@pytest.fixture(scope="session")
def valkey_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyCluster]:
    """The session's Redis Cluster, three primaries; no test stops it or moves its slots. Keys carry ``unique_name``."""
    with a_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def new_kafka(tmp_path: Path) -> Iterator[NewKafka]:
    """Starts a Kafka of the test's own, which it may stop and kill."""
    with ExitStack() as servers:

        def start(*, settings: Mapping[str, str] | None = None) -> EmbeddedKafka:
            return servers.enter_context(started(EmbeddedKafka(tmp_path / name_of("kafka"), settings=settings)))

        yield start


@pytest.fixture
def new_valkey(tmp_path: Path) -> Iterator[NewValkey]:
    """Starts a Valkey of the test's own, which it may stop, kill and flush."""
    with ExitStack() as servers:

        def start(*, aof: AppendOnly = "everysec", options: Mapping[str, str] | None = None) -> EmbeddedValkey:
            server = EmbeddedValkey(tmp_path / name_of("valkey"), aof=aof, options=options)
            return servers.enter_context(started(server))

        yield start


@pytest.fixture
def unique_name() -> str:
    """A name that no other test uses: for topics, groups, transactional ids and key prefixes."""
    return name_of("test")
