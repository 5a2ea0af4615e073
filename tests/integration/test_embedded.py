"""The embedded servers: data survives what they are started for, and nothing survives us."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.servers import KafkaServer, NewKafka, NewValkey, ValkeyServer
from tierline.embedded import EmbeddedError, EmbeddedKafka, EmbeddedValkey
from tierline.embedded.jars import class_path, pinned_jars
from tierline.embedded.process import free_port

STARTS_A_SERVER_AND_SLEEPS = """
import sys, threading, time
from pathlib import Path
from tierline.embedded import EmbeddedValkey

server = EmbeddedValkey(Path(sys.argv[1]))
thread = threading.Thread(target=server.start)
thread.start()
thread.join()
print(server.pid, flush=True)
time.sleep(60)
"""


async def test_a_committed_transaction_survives_kill_9_of_the_broker(new_kafka: NewKafka, unique_name: str) -> None:
    broker = new_kafka()
    cluster_id = broker.cluster_id
    await create_topic(broker.bootstrap, unique_name)
    await produce_in_a_transaction(broker.bootstrap, unique_name, b"kept")

    broker.kill()
    assert not broker.running
    broker.start()

    assert broker.cluster_id == cluster_id
    assert await committed_values(broker.bootstrap, unique_name) == [b"kept"]


async def test_an_ordered_restart_keeps_port_and_data(new_kafka: NewKafka, unique_name: str) -> None:
    broker = new_kafka()
    bootstrap, pid = broker.bootstrap, broker.pid
    await create_topic(bootstrap, unique_name)
    await produce_in_a_transaction(bootstrap, unique_name, b"kept")

    broker.restart()

    assert (broker.bootstrap, broker.pid != pid) == (bootstrap, True)
    assert await committed_values(bootstrap, unique_name) == [b"kept"]


async def test_topics_are_not_created_by_accident(kafka: KafkaServer, unique_name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        await admin.describe_topics([unique_name])
        assert unique_name not in await admin.list_topics()
    finally:
        await admin.close()


def test_valkey_with_aof_always_keeps_every_write_through_kill_9(new_valkey: NewValkey) -> None:
    server = new_valkey(aof="always")
    with redis.Redis.from_url(server.url) as client:
        client.set("customer", "gold")
    url = server.url

    server.kill()
    server.start()

    assert server.url == url
    with redis.Redis.from_url(server.url) as client:
        assert client.get("customer") == b"gold"


def test_valkey_without_aof_forgets_everything(new_valkey: NewValkey) -> None:
    server = new_valkey(aof="no")
    with redis.Redis.from_url(server.url) as client:
        client.set("customer", "gold")

    server.restart()

    with redis.Redis.from_url(server.url) as client:
        assert client.dbsize() == 0


def test_valkey_never_evicts(valkey: ValkeyServer) -> None:
    with redis.Redis.from_url(valkey.url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_valkey_options_win_over_ours(new_valkey: NewValkey) -> None:
    server = new_valkey(options={"maxmemory-policy": "allkeys-lru"})
    with redis.Redis.from_url(server.url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "allkeys-lru"}


def test_a_paused_server_can_be_stopped(new_valkey: NewValkey) -> None:
    server = new_valkey()
    os.kill(server.pid, signal.SIGSTOP)
    server.stop()
    assert not server.running


def test_a_server_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTS_A_SERVER_AND_SLEEPS, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_alive(pid), "the end of the thread that called start() took the server along"
        parent.kill()
    assert is_gone_within(pid, seconds=10)


def test_a_taken_port_is_named(new_valkey: NewValkey, tmp_path: Path) -> None:
    port = new_valkey().port
    with pytest.raises(EmbeddedError, match=f"Port {port} is taken"):
        EmbeddedValkey(tmp_path / "other", port).start()
    with pytest.raises(EmbeddedError, match=f"Port {port} is taken"):
        EmbeddedKafka(tmp_path / "broker", port).start()


def test_a_server_that_dies_while_starting_shows_its_log(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path, options={"appendfsync": "sometimes"})
    with pytest.raises(EmbeddedError, match=r"(?s)died while starting.*valkey\.log.*appendfsync"):
        server.start()
    assert not server.running


def test_a_server_that_does_not_run_has_no_pid(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match=r"not running: call start\(\)"):
        _ = EmbeddedValkey(tmp_path).pid


def test_a_jar_with_another_checksum_is_never_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jar = pinned_jars()[0]
    monkeypatch.setattr("tierline.embedded.jars.pinned_jars", lambda: [jar])
    monkeypatch.setattr("tierline.embedded.jars._download", lambda jar, cache: write(jar.path(cache), b"not a jar"))
    write(jar.path(tmp_path), b"half a jar")

    with pytest.raises(EmbeddedError, match=f"{jar.coordinate} has SHA-256"):
        class_path(tmp_path)
    assert not jar.path(tmp_path).exists()


def test_without_a_network_the_first_start_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tierline.embedded.jars.pinned_jars", lambda: pinned_jars()[:1])
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{free_port()}")

    with pytest.raises(EmbeddedError, match=r"Cannot download org\.apache\.kafka:kafka_2\.13.*TIERLINE_KAFKA"):
        class_path(tmp_path)


async def create_topic(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


async def produce_in_a_transaction(bootstrap: str, topic: str, value: bytes) -> None:
    async with (
        AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=f"{topic}-writer") as producer,
        producer.transaction(),
    ):
        await producer.send_and_wait(topic, value)


async def committed_values(bootstrap: str, topic: str) -> list[bytes]:
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    async with consumer:
        batches = await consumer.getmany(timeout_ms=20_000)
    return [record.value for records in batches.values() for record in records]


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].startswith(" Z")


def is_gone_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
