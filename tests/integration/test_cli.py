"""The command line as a child process: real servers, and servers that are down."""

import json
from pathlib import Path

import pytest

from tests.integration.commands import Done, tierline

DOWN = {"TIERLINE_KAFKA": "127.0.0.1:9", "TIERLINE_REDIS": "redis://127.0.0.1:9/0"}
AN_ORDER = {
    "type": "order.placed", "customer_id": "c-1", "occurred_at": "2017-06-01T12:00:00Z", "order_id": "o-1",
    "amount": "12.50", "currency": "USD",
}  # fmt: skip


@pytest.mark.parametrize("command", ["topics check", "topics create", "dlq list", "erase c-1"])
def test_a_broker_that_is_down_is_one_message_and_exit_1(command: str) -> None:
    done = tierline(*command.split(), settings=DOWN)
    assert (done.code, done.out) == (1, "")
    assert "Kafka at 127.0.0.1:9 does not" in done.err
    assert len(done.err.splitlines()) == 1


def test_a_redis_that_is_down_is_one_message_and_exit_1() -> None:
    done = tierline("customer", "c-1", settings=DOWN)
    assert (done.code, done.out) == (1, "")
    assert "127.0.0.1:9/0 does not answer" in done.err
    assert len(done.err.splitlines()) == 1


def test_the_doctor_looks_at_everything_and_says_what_to_do(tmp_path: Path) -> None:
    program = tmp_path / "program.yaml"
    program.write_text("version: 1\ntiers: {levles: []}\n")
    done = tierline("doctor", settings={**DOWN, "TIERLINE_PROGRAM": str(program)})
    assert done.code == 1
    assert "levles" in done.out
    assert "Kafka at 127.0.0.1:9 does not answer" in done.out
    assert "Redis at redis://127.0.0.1:9/0 does not answer" in done.out


@pytest.fixture
def installation(kafka: "object", valkey: "object", unique_name: str, tmp_path: Path) -> dict[str, str]:
    """Settings of an installation of its own, with an empty (valid) rules file."""
    program = tmp_path / "program.yaml"
    program.touch()
    return {
        "TIERLINE_KAFKA": str(getattr(kafka, "bootstrap")),  # noqa: B009
        "TIERLINE_REDIS": str(getattr(valkey, "url")),  # noqa: B009
        "TIERLINE_NAME": unique_name,
        "TIERLINE_TOPIC_PREFIX": f"{unique_name}.",
        "TIERLINE_PARTITIONS": "2",
        "TIERLINE_PROGRAM": str(program),
    }


def test_topics_are_missing_then_created_then_right(installation: dict[str, str]) -> None:
    before = tierline("topics", "check", "--json", settings=installation)
    assert before.code == 1
    assert {problem["text"] for problem in json.loads(before.out)} == {"does not exist"}

    own = tierline("topics", "create", "--json", settings=installation)
    assert own.code == 0
    assert all("retail." not in topic or topic.endswith(".dlq") for topic in json.loads(own.out)["created"])

    tierline("topics", "create", "--inputs", settings=installation)
    assert tierline("topics", "check", "--json", settings=installation) == Done(0, "[]\n", "")


def test_another_partition_count_is_named(installation: dict[str, str]) -> None:
    tierline("topics", "create", "--inputs", settings=installation)
    done = tierline("topics", "check", settings={**installation, "TIERLINE_PARTITIONS": "3"})
    assert done.code == 1
    assert "has 2 partitions, not 3" in done.out
    assert "TIERLINE_PARTITIONS" in done.out


def test_produce_sends_the_good_lines_and_names_the_bad_ones(installation: dict[str, str], tmp_path: Path) -> None:
    tierline("topics", "create", "--inputs", settings=installation)
    too_precise = {**AN_ORDER, "amount": "12.505"}
    other_key = {"topic": "retail.orders.v1", "key": "c-2", "value": AN_ORDER}
    file = tmp_path / "orders.jsonl"
    file.write_text("\n".join([json.dumps(AN_ORDER), "{", json.dumps(too_precise), "", json.dumps(other_key)]))
    done = tierline("produce", str(file), "--timestamps", "event", "--json", settings=installation)
    assert done.code == 1
    shown = json.loads(done.out)
    assert shown["sent"] == 1
    assert [(bad["line"], bad["reason"]) for bad in shown["rejected"]] == [
        (2, "malformed_json"), (3, "amount_precision"), (5, "key_mismatch"),
    ]  # fmt: skip


def test_produce_names_the_topic_that_is_missing(installation: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    file.write_text(json.dumps(AN_ORDER))
    done = tierline("produce", str(file), settings=installation)
    assert done.code == 1
    assert f"{installation['TIERLINE_TOPIC_PREFIX']}retail.orders.v1 does not exist" in done.err
    assert "tierline topics create --inputs" in done.err


def test_a_healthy_installation_satisfies_the_doctor(installation: dict[str, str]) -> None:
    tierline("topics", "create", "--inputs", settings=installation)
    done = tierline("doctor", "--json", settings=installation)
    assert (done.code, {finding["level"] for finding in json.loads(done.out)}) == (0, {"ok"})
