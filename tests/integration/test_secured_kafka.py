"""Kafka over TLS: with a password (SCRAM-SHA-512, PLAIN) or a certificate of ours, and with the documented ACLs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourceType,
    UserScramCredentialUpsertion,
)
from kafka.errors import CoordinatorNotAvailableError

from tests.certificates import Authority
from tests.integration.cli_process import running, until
from tests.integration.commands import tierline
from tests.integration.test_cli import AN_ORDER
from tests.servers import ValkeyServer, started
from tierline.embedded import EmbeddedKafka
from tierline.embedded.process import free_port

USER, PASSWORD = "tierline", "scram-secret"
MODULE = "org.apache.kafka.common.security"
SECURITIES = ["SCRAM-SHA-512", "PLAIN", "certificate"]
RIGHTS = {
    "TOPIC": ("READ", "WRITE", "CREATE", "DESCRIBE_CONFIGS"),
    "GROUP": ("READ",),
    "TRANSACTIONAL_ID": ("WRITE",),
}
"""What docs/deployment.md names; on everything that begins with the name of the installation."""


@dataclass(frozen=True, slots=True)
class Secured:
    """A broker with three listeners: plain for the tests, SASL_SSL, and SSL that wants a certificate."""

    authority: Authority
    sasl_port: int
    ssl_port: int
    bootstrap: str

    def settings(self, security: str) -> dict[str, str]:
        """Return what an installation is told."""
        trusting = {"TIERLINE_KAFKA_CA_FILE": str(self.authority.ca_file)}
        if security == "certificate":
            certificate, key, _ = self.authority.issue("client")
            return trusting | {
                "TIERLINE_KAFKA": f"127.0.0.1:{self.ssl_port}",
                "TIERLINE_KAFKA_SECURITY": "SSL",
                "TIERLINE_KAFKA_CERTIFICATE_FILE": str(certificate),
                "TIERLINE_KAFKA_KEY_FILE": str(key),
            }
        return trusting | {
            "TIERLINE_KAFKA": f"127.0.0.1:{self.sasl_port}",
            "TIERLINE_KAFKA_SECURITY": "SASL_SSL",
            "TIERLINE_KAFKA_SASL_MECHANISM": security,
            "TIERLINE_KAFKA_USER": USER,
            "TIERLINE_KAFKA_PASSWORD": PASSWORD,
        }


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("secured")
    server = EmbeddedKafka(folder / "kafka")
    made = Secured(Authority(folder), free_port(), free_port(), server.bootstrap)
    server.settings.update(_listeners(server, made))
    with started(server):
        admin = KafkaAdminClient(bootstrap_servers=server.bootstrap)
        admin.alter_user_scram_credentials([UserScramCredentialUpsertion(USER, "SCRAM-SHA-512", PASSWORD)])
        admin.close()
        yield made


def _listeners(server: EmbeddedKafka, made: Secured) -> dict[str, str]:
    *_, both = made.authority.issue("broker")
    open_to = (
        f"PLAINTEXT://127.0.0.1:{server.port},SASL_SSL://127.0.0.1:{made.sasl_port},SSL://127.0.0.1:{made.ssl_port}"
    )
    return {
        "listeners": f"{open_to},CONTROLLER://127.0.0.1:{server.controller_port}",
        "advertised.listeners": open_to,
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(both),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(made.authority.ca_file),
        "listener.name.ssl.ssl.client.auth": "required",
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": f"{MODULE}.scram.ScramLoginModule required;",
        "listener.name.sasl_ssl.plain.sasl.jaas.config": (
            f'{MODULE}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
        ),
    }


def _allow(secured: Secured, name: str, rights: Mapping[str, Sequence[str]]) -> None:
    """Give our user and our certificate these rights on what begins with ``name``."""
    admin = KafkaAdminClient(bootstrap_servers=secured.bootstrap)
    admin.create_acls([
        ACL(
            f"User:{who}", "*", ACLOperation[operation], ACLPermissionType.ALLOW,
            ResourcePattern(ResourceType[kind], name, ACLResourcePatternType.PREFIXED),
        )
        for who in (USER, "CN=client") for kind, operations in rights.items() for operation in operations
    ])  # fmt: skip
    admin.close()


@pytest.fixture
def installation(secured: Secured, valkey: ValkeyServer, unique_name: str, tmp_path: Path) -> dict[str, str]:
    """An installation with the documented rights that still has to be told of Kafka."""
    _allow(secured, unique_name, RIGHTS)
    (tmp_path / "program.yaml").touch()
    (tmp_path / "events.jsonl").write_text(json.dumps(AN_ORDER) + "\n")
    return {
        "TIERLINE_REDIS": valkey.url,
        "TIERLINE_NAME": unique_name,
        "TIERLINE_TOPIC_PREFIX": f"{unique_name}.",
        "TIERLINE_PARTITIONS": "2",
        "TIERLINE_PROGRAM": str(tmp_path / "program.yaml"),
        "TIERLINE_CLOCK": "log",
        "TIERLINE_LOG_FORMAT": "json",
    }


@pytest.mark.parametrize("security", SECURITIES)
def test_an_order_flows_to_redis(secured: Secured, installation: dict[str, str], tmp_path: Path, security: str) -> None:
    settings = installation | secured.settings(security)
    assert tierline("topics", "create", "--inputs", settings=settings).code == 0
    assert tierline("produce", str(tmp_path / "events.jsonl"), settings=settings).code == 0
    with running("worker", settings, tmp_path / "worker.log") as worker:
        until(lambda: tierline("customer", "c-1", settings=settings).code == 0, lambda: worker.said)
        assert worker.terminate() == 0, worker.said
    assert PASSWORD not in worker.said
    doctor = tierline("doctor", settings=settings)
    assert doctor.code == 0, doctor.out


@pytest.mark.parametrize("operation", ["READ", "WRITE"])
def test_the_doctor_and_a_worker_name_what_a_topic_does_not_allow(
    secured: Secured, installation: dict[str, str], tmp_path: Path, operation: str
) -> None:
    name = installation["TIERLINE_NAME"].replace("test", "less")
    _allow(secured, name, {**RIGHTS, "TOPIC": [one for one in RIGHTS["TOPIC"] if one != operation]})
    named = {"TIERLINE_NAME": name, "TIERLINE_TOPIC_PREFIX": f"{name}."}
    settings = installation | secured.settings("PLAIN") | named
    assert tierline("topics", "create", "--inputs", settings=settings).code == 0
    doctor = tierline("doctor", settings=settings)
    assert doctor.code == 1
    assert f"{name}.loyalty.journal.v1 does not allow our user to {operation}" in doctor.out
    assert f"--operation {operation.capitalize()} --topic {name}.loyalty.journal.v1" in doctor.out
    with running("worker", settings, tmp_path / "worker.log") as worker:
        assert worker.process.wait(40) == 1, worker.said
    [line] = [line for line in worker.said.splitlines() if line.startswith("error: ")]
    assert f"does not allow our user to {operation}" in line


@pytest.mark.parametrize("security", ["SCRAM-SHA-512", "certificate"])
def test_the_trainer_joins_its_group(
    secured: Secured, installation: dict[str, str], tmp_path: Path, security: str
) -> None:
    from streams.topics import live_members
    from tierline.connections import kafka_options
    from tierline.settings import load_settings

    settings = installation | secured.settings(security)
    assert tierline("topics", "create", "--inputs", settings=settings).code == 0
    options = dict(kafka_options(load_settings(settings)))
    with running("trainer", settings, tmp_path / "trainer.log") as trainer:
        group = f"{settings['TIERLINE_NAME']}-trainer"

        def has_joined() -> bool:
            try:
                return live_members(options, group) == 1
            except CoordinatorNotAvailableError:
                return False

        until(has_joined, lambda: trainer.said)
        assert trainer.terminate() == 0, trainer.said
    assert PASSWORD not in trainer.said


def _of_a_stranger(folder: Path) -> dict[str, str]:
    return {"TIERLINE_KAFKA_CA_FILE": str(Authority(folder / "stranger", "stranger").ca_file)}


WRONG = {"TIERLINE_KAFKA_PASSWORD": "guessed-secret"}


@pytest.mark.parametrize(
    ("security", "command"),
    [("SCRAM-SHA-512", "topics create"), ("PLAIN", "topics create"), ("SCRAM-SHA-512", "produce"), ("PLAIN", "doctor")],
)
def test_a_wrong_password_is_one_line(
    secured: Secured, installation: dict[str, str], tmp_path: Path, security: str, command: str
) -> None:
    done = _refused(command, installation | secured.settings(security) | WRONG, tmp_path)
    assert "TIERLINE_KAFKA_USER and TIERLINE_KAFKA_PASSWORD" in done


@pytest.mark.parametrize("command", ["topics create", "produce", "doctor"])
def test_an_untrusted_certificate_is_one_line(
    secured: Secured, installation: dict[str, str], tmp_path: Path, command: str
) -> None:
    done = _refused(command, installation | secured.settings("PLAIN") | _of_a_stranger(tmp_path), tmp_path)
    assert "TIERLINE_KAFKA_CA_FILE" in done


def test_a_missing_certificate_of_ours_is_one_line(
    secured: Secured, installation: dict[str, str], tmp_path: Path
) -> None:
    ours = {"TIERLINE_KAFKA_CERTIFICATE_FILE": "", "TIERLINE_KAFKA_KEY_FILE": ""}
    done = _refused("topics create", installation | secured.settings("certificate") | ours, tmp_path)
    assert "TIERLINE_KAFKA_CERTIFICATE_FILE" in done


@pytest.mark.parametrize("process", ["worker", "trainer"])
def test_a_process_ends_with_one_line(
    secured: Secured, installation: dict[str, str], tmp_path: Path, process: str
) -> None:
    for wrong, named in ((WRONG, "TIERLINE_KAFKA_PASSWORD"), (_of_a_stranger(tmp_path), "TIERLINE_KAFKA_CA_FILE")):
        settings = installation | secured.settings("SCRAM-SHA-512") | wrong
        with running(process, settings, tmp_path / "log") as refused:
            assert refused.process.wait(60) == 1, refused.said
        lines = [line for line in refused.said.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, refused.said
        assert named in lines[0]
        assert "Traceback" not in refused.said
        assert WRONG["TIERLINE_KAFKA_PASSWORD"] not in refused.said


def _refused(command: str, settings: dict[str, str], folder: Path) -> str:
    """Return the one line (of the doctor: all of them) that the command says."""
    arguments = [*command.split(), *([str(folder / "events.jsonl")] if command == "produce" else [])]
    done = tierline(*arguments, settings=settings)
    assert done.code == 1, done
    if command == "doctor":
        return done.out
    assert len(done.err.splitlines()) == 1, done.err
    return done.err
