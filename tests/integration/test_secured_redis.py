"""Redis with a user of exactly the rights that Tierline needs, and behind TLS."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import redis
from redis import asyncio as aioredis

from state.redis_rights import COMMANDS, acl_rule, key_pattern
from tests.certificates import Authority
from tests.integration.cli_process import running, until
from tests.integration.commands import tierline
from tests.integration.test_cli import AN_ORDER
from tests.servers import KafkaServer, NewValkey
from tests.tls_proxy import tls_before
from tierline.doctor.redis_rights import check_rights
from tierline.embedded import EmbeddedValkey

USER, PASSWORD = "tierline", "a p@ss/word"
EVENTS = [
    AN_ORDER,
    {**AN_ORDER, "order_id": "o-2", "occurred_at": "2017-06-02T12:00:00Z"},
    {"type": "order.cancelled", "customer_id": "c-1", "occurred_at": "2017-06-03T12:00:00Z", "order_id": "o-2"},
    {**AN_ORDER, "customer_id": "c-2", "order_id": "o-3"},
]


class Guarded(NamedTuple):
    """A Valkey whose default user is off, and the settings of an installation on it."""

    valkey: EmbeddedValkey
    admin: "redis.Redis"
    settings: dict[str, str]

    def allow(self, *rules: str) -> None:
        """Give our user these rights, on top of those that it has."""
        self.admin.execute_command("ACL", "SETUSER", USER, *rules)  # type: ignore[no-untyped-call]

    def denied(self) -> list[str]:
        """Return what was refused so far."""
        return [str(entry["object"]) for entry in self.admin.acl_log()]


@pytest.fixture
def guarded(kafka: KafkaServer, new_valkey: NewValkey, unique_name: str, tmp_path: Path) -> Iterator[Guarded]:
    valkey = new_valkey()
    program, events = tmp_path / "program.yaml", tmp_path / "events.jsonl"
    program.touch()
    events.write_text("".join(json.dumps(event) + "\n" for event in EVENTS))
    settings = {
        "TIERLINE_KAFKA": kafka.bootstrap,
        "TIERLINE_REDIS": valkey.url,
        "TIERLINE_REDIS_USER": USER,
        "TIERLINE_REDIS_PASSWORD": PASSWORD,
        "TIERLINE_NAME": unique_name,
        "TIERLINE_TOPIC_PREFIX": f"{unique_name}.",
        "TIERLINE_PARTITIONS": "2",
        "TIERLINE_PROGRAM": str(program),
        "TIERLINE_CLOCK": "log",
        "TIERLINE_SESSION_TIMEOUT_SECONDS": "2",
        "TIERLINE_LOG_FORMAT": "json",
    }
    with redis.Redis(port=valkey.port, decode_responses=True) as admin:
        made = Guarded(valkey, admin, settings)
        made.allow("on", f">{PASSWORD}", *acl_rule(unique_name).split())
        yield made


def _shown(settings: dict[str, str]) -> bool:
    return all(tierline("customer", customer, settings=settings).code == 0 for customer in ("c-1", "c-2"))


def test_everything_runs_with_the_documented_rights_and_nothing_is_refused(guarded: Guarded, tmp_path: Path) -> None:
    settings = guarded.settings
    assert tierline("topics", "create", "--inputs", settings=settings).code == 0
    with running("worker", settings, tmp_path / "worker.log") as worker:
        assert tierline("produce", str(tmp_path / "events.jsonl"), settings=settings).code == 0
        until(lambda: _shown(settings), lambda: worker.said)
        assert tierline("erase", "c-2", settings=settings).code == 0
        with running("api", {**settings, "TIERLINE_API_PORT": "0"}, tmp_path / "api.log") as api:
            until(lambda: '"url"' in api.said, lambda: api.said)
            url = next(json.loads(line)["url"] for line in api.said.splitlines() if '"url"' in line)
            for path in ("/health/ready", "/v1/customers/c-1", "/v1/customers/c-1/explain", "/v1/overview"):
                with urllib.request.urlopen(url + path) as answer:
                    assert answer.status == 200
            with urllib.request.urlopen(f"{url}/v1/customers/c-1/events", timeout=20) as stream:
                assert stream.readline()
            assert api.terminate() == 0
        until(lambda: tierline("customer", "c-2", settings=settings).code == 1, lambda: worker.said)
        assert worker.terminate() == 0, worker.said
    assert tierline("export", str(tmp_path / "out.csv"), settings=settings).code == 0
    assert tierline("rebuild", "--all", settings=settings).code == 0
    doctor = tierline("doctor", settings=settings)
    assert doctor.code == 0, doctor.out
    assert "the user may do all that Tierline does" in doctor.out
    assert guarded.denied() == []
    assert guarded.admin.keys("*{tl:doctor}*") == []


async def test_the_doctor_names_each_right_that_is_missing(guarded: Guarded) -> None:
    name = guarded.settings["TIERLINE_NAME"]
    for command in COMMANDS:
        guarded.allow(f"-{command.lower()}")
        client = aioredis.Redis(port=guarded.valkey.port, username=USER, password=PASSWORD)
        finding = await check_rights(client, name)
        await client.aclose()
        assert finding.text == f"the user has no permission to run {command}"
        assert finding.advice == f"ACL SETUSER <user> +{command.lower()}"
        guarded.allow(f"+{command.lower()}")


async def test_the_doctor_names_the_keys_where_those_of_another_installation_are_allowed(guarded: Guarded) -> None:
    guarded.allow("resetkeys", key_pattern("another"))
    done = tierline("doctor", settings=guarded.settings)
    assert done.code == 1
    assert "no permission to reach the keys of this installation" in done.out
    assert key_pattern(guarded.settings["TIERLINE_NAME"]) in done.out


def test_a_doctor_without_info_gets_the_whole_rule(guarded: Guarded) -> None:
    guarded.allow("-info")
    done = tierline("doctor", settings=guarded.settings)
    assert done.code == 1
    assert "permits too little" in done.out
    assert acl_rule(guarded.settings["TIERLINE_NAME"]) in done.out


@pytest.mark.parametrize("right", ["-info", "-fcall", "-function|load", "-hset", "resetkeys"])
def test_a_worker_without_a_right_ends_with_one_line(guarded: Guarded, tmp_path: Path, right: str) -> None:
    assert tierline("topics", "create", "--inputs", settings=guarded.settings).code == 0
    guarded.allow(right)
    with running("worker", guarded.settings, tmp_path / "worker.log") as worker:
        assert worker.process.wait(40) == 1, worker.said
    [line] = [line for line in worker.said.splitlines() if line.startswith("error: ")]
    assert "permission" in line or "permits too little" in line
    assert PASSWORD not in worker.said


def test_a_worker_that_may_not_wait_for_the_disk_says_so_and_works(guarded: Guarded, tmp_path: Path) -> None:
    assert tierline("topics", "create", "--inputs", settings=guarded.settings).code == 0
    guarded.allow("-waitaof")
    with running("worker", guarded.settings, tmp_path / "worker.log") as worker:
        until(lambda: "cannot confirm that a claim is on disk" in worker.said, lambda: worker.said)
        assert "waitaof" in worker.said
        assert worker.terminate() == 0


def test_a_wrong_password_is_one_line(guarded: Guarded) -> None:
    settings = {**guarded.settings, "TIERLINE_REDIS_PASSWORD": "guessed"}
    done = tierline("customer", "c-1", settings=settings)
    assert (done.code, done.out) == (1, "")
    assert "refuses the login" in done.err
    assert len(done.err.splitlines()) == 1
    assert "refuses the login" in tierline("doctor", settings=settings).out


@pytest.fixture
def tls(guarded: Guarded, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The same installation, but over TLS."""
    authority = Authority(tmp_path / "authority")
    certificate, key, _ = authority.issue("redis")
    with tls_before(guarded.valkey.port, certificate, key) as port:
        url = f"rediss://127.0.0.1:{port}/0"
        yield {**guarded.settings, "TIERLINE_REDIS": url, "TIERLINE_REDIS_CA_FILE": str(authority.ca_file)}


def test_an_order_flows_to_a_redis_behind_tls(tls: dict[str, str], tmp_path: Path) -> None:
    assert tierline("topics", "create", "--inputs", settings=tls).code == 0
    with running("worker", tls, tmp_path / "worker.log") as worker:
        assert tierline("produce", str(tmp_path / "events.jsonl"), settings=tls).code == 0
        until(lambda: _shown(tls), lambda: worker.said)
        assert worker.terminate() == 0, worker.said
    assert tierline("doctor", settings=tls).code == 0


def test_a_certificate_of_a_stranger_is_refused_in_one_line(tls: dict[str, str], tmp_path: Path) -> None:
    settings = {**tls, "TIERLINE_REDIS_CA_FILE": str(Authority(tmp_path / "stranger").ca_file)}
    done = tierline("customer", "c-1", settings=settings)
    assert (done.code, done.out) == (1, "")
    assert "CERTIFICATE_VERIFY_FAILED" in done.err
    assert len(done.err.splitlines()) == 1
    doctor = tierline("doctor", settings=settings)
    assert doctor.code == 1
    assert "TIERLINE_REDIS_CA_FILE" in doctor.out
