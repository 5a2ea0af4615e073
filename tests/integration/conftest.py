"""An installation for each test: its topics on the session's servers, its processes gone afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.installation import Installation
from tests.servers import KafkaServer, ValkeyServer


@pytest.fixture
def worker_options() -> dict[str, object]:
    """What the workers are told beside the usual; modules give their own."""
    return {}


@pytest.fixture
def installation(
    kafka: KafkaServer, valkey: ValkeyServer, unique_name: str, tmp_path: Path, worker_options: dict[str, object]
) -> Iterator[Installation]:
    """Topics and names that no other test uses."""
    made = Installation(unique_name, kafka.bootstrap, valkey.url, tmp_path, options=worker_options)
    made.create_topics()
    yield made
    made.stop_workers()
