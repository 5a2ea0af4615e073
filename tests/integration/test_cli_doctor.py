"""The doctor before a patient that is ill: an evicting Redis, none on disk, one that lost what the journal tells of."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from schemas.topics import JOURNAL
from tests.integration.commands import tierline
from tests.servers import KafkaServer
from tierline.embedded import EmbeddedValkey


@pytest.fixture
def settings(kafka: KafkaServer, unique_name: str, tmp_path: Path) -> dict[str, str]:
    program = tmp_path / "program.yaml"
    program.touch()
    settings = {
        "TIERLINE_KAFKA": kafka.bootstrap,
        "TIERLINE_NAME": unique_name,
        "TIERLINE_TOPIC_PREFIX": f"{unique_name}.",
        "TIERLINE_PARTITIONS": "2",
        "TIERLINE_PROGRAM": str(program),
    }
    assert tierline("topics", "create", "--inputs", settings=settings).code == 0
    return settings


def _advice(settings: dict[str, str], level: str) -> list[tuple[str, str]]:
    done = tierline("doctor", "--json", settings=settings)
    assert done.code == (1 if level == "failure" else 0), done
    return [(one["text"], one["advice"]) for one in json.loads(done.out) if one["level"] == level]


def test_a_redis_that_may_evict_is_a_failure(
    settings: dict[str, str], new_valkey: Callable[..., EmbeddedValkey]
) -> None:
    valkey = new_valkey(options={"maxmemory-policy": "allkeys-lru"})
    [(text, advice)] = _advice({**settings, "TIERLINE_REDIS": valkey.url}, "failure")
    assert "may evict customers: maxmemory-policy is allkeys-lru" in text
    assert "noeviction" in advice


def test_a_redis_without_append_only_file_is_a_warning(
    settings: dict[str, str], new_valkey: Callable[..., EmbeddedValkey]
) -> None:
    valkey = new_valkey(aof="no")
    [(text, advice)] = _advice({**settings, "TIERLINE_REDIS": valkey.url}, "warning")
    assert "keeps no append-only file" in text
    assert "appendonly yes" in advice


async def test_an_empty_redis_beside_a_journal_names_the_partition_and_the_rebuild(
    settings: dict[str, str], new_valkey: Callable[..., EmbeddedValkey]
) -> None:
    valkey = new_valkey()
    producer = AIOKafkaProducer(bootstrap_servers=settings["TIERLINE_KAFKA"])
    await producer.start()
    await producer.send_and_wait(settings["TIERLINE_TOPIC_PREFIX"] + JOURNAL, b"{}", partition=1)
    await producer.stop()
    [(text, advice)] = _advice({**settings, "TIERLINE_REDIS": valkey.url}, "failure")
    assert "no state of partitions 1, but their journal is not empty" in text
    assert "tierline rebuild" in advice


def test_an_input_topic_that_forgets_is_a_warning(
    settings: dict[str, str], new_valkey: Callable[..., EmbeddedValkey]
) -> None:
    from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

    admin = KafkaAdminClient(bootstrap_servers=settings["TIERLINE_KAFKA"])
    topic = settings["TIERLINE_TOPIC_PREFIX"] + "retail.orders.v1"
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs={"retention.ms": "86400000"})])
    admin.close()
    [(text, advice)] = _advice({**settings, "TIERLINE_REDIS": new_valkey().url}, "warning")
    assert "has retention.ms=86400000" in text
    assert "retention.ms=-1" in advice
