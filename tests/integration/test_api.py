"""The thinnest real path: an order on Kafka is visible over HTTP; Redis goes and comes; a dead letter; an erasure."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.integration.commands import tierline
from tests.servers import KafkaServer
from tierline.demo.children import Child, stop_all
from tierline.embedded import EmbeddedValkey
from tierline.embedded.process import free_port

WITHIN_SECONDS = 40


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: dict[str, object]


class Shop:
    """An installation with one worker and one API process."""

    def __init__(self, settings: dict[str, str], valkey: EmbeddedValkey, folder: Path) -> None:
        self.settings, self.valkey, self.folder = settings, valkey, folder
        self.children: list[Child] = []

    def start(self) -> None:
        assert tierline("topics", "create", "--inputs", settings=self.settings).code == 0
        for command in ("worker", "api"):
            self.start_process(command)

    def start_process(self, command: str) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TIERLINE_")} | self.settings
        self.children.append(Child.start(command, [command], environment, self.folder))

    def produce(self, *events: dict[str, object]) -> None:
        file = self.folder / "events.jsonl"
        file.write_text("".join(json.dumps(event) + "\n" for event in events))
        done = tierline("produce", str(file), "--timestamps", "event", settings=self.settings)
        assert done.code == 0, done.err

    def get(self, path: str) -> Answer:
        url = f"http://127.0.0.1:{self.settings['TIERLINE_API_PORT']}{path}"
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                return Answer(answer.status, dict(answer.headers), json.load(answer))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), json.load(error))

    def wait_for(self, path: str, holds: Callable[[Answer], bool]) -> Answer:
        gives_up_at = time.monotonic() + WITHIN_SECONDS
        while True:
            for child in self.children:
                assert child.process.poll() is None, child.log_tail()
            try:
                answer = self.get(path)
            except (urllib.error.URLError, TimeoutError):
                answer = Answer(0, {}, {})
            if holds(answer):
                return answer
            assert time.monotonic() < gives_up_at, f"{path}: {answer}\n{self.children[0].log_tail()}"
            time.sleep(0.05)


@contextmanager
def a_shop(kafka: KafkaServer, valkey: EmbeddedValkey, name: str, folder: Path) -> Iterator[Shop]:
    """Yield an installation that is not started yet; its processes end with it."""
    program = folder / "program.yaml"
    program.write_text("version: 3\nnudges: {quiet_hours: null, holdout: {share: 0}}\n")
    settings = {
        "TIERLINE_KAFKA": kafka.bootstrap,
        "TIERLINE_REDIS": valkey.url,
        "TIERLINE_NAME": name,
        "TIERLINE_TOPIC_PREFIX": f"{name}.",
        "TIERLINE_PARTITIONS": "3",
        "TIERLINE_PROGRAM": str(program),
        "TIERLINE_CLOCK": "log",
        "TIERLINE_API_PORT": str(free_port()),
    }
    with ExitStack() as stack:
        shop = Shop(settings, valkey, folder)
        stack.callback(stop_all, shop.children)
        yield shop


@pytest.fixture
def shop(
    kafka: KafkaServer, new_valkey: Callable[..., EmbeddedValkey], unique_name: str, tmp_path: Path
) -> Iterator[Shop]:
    with a_shop(kafka, new_valkey(), unique_name, tmp_path) as made:
        yield made


def an_order(number: int, amount: str, customer_id: str = "c-1") -> dict[str, object]:
    return {
        "type": "order.placed", "customer_id": customer_id, "order_id": f"o-{number}", "amount": amount,
        "currency": "USD", "occurred_at": f"2017-06-01T12:00:{number:02d}Z",
    }  # fmt: skip


def _is_ready(answer: Answer) -> bool:
    return answer.status == 200


@pytest.mark.timeout(180)
def test_an_order_becomes_visible_and_redis_may_go_and_come(shop: Shop) -> None:
    shop.start()
    shop.wait_for("/health/ready", _is_ready)
    assert shop.wait_for("/v1/program", _is_ready).body["program_version"] == _version(shop)
    assert shop.get("/v1/customers/c-1").status == 404

    shop.produce(an_order(1, "460.00"))
    seen = shop.wait_for("/v1/customers/c-1", _is_ready)
    assert seen.body["as_of"] == "2017-06-01T12:00:01Z"
    assert seen.body["tier"]["next"]["missing"] == {"spend": "40.00", "orders": 3}  # type: ignore[index]
    shown = tierline("customer", "c-1", "--json", settings=shop.settings)
    assert json.loads(shown.out) == seen.body

    shop.valkey.stop()
    down = shop.wait_for("/v1/customers/c-1", lambda answer: answer.status == 503)
    assert int(down.headers["retry-after"]) > 0
    assert shop.get("/health/live").status == 200
    shop.valkey.start()
    assert shop.wait_for("/v1/customers/c-1", _is_ready).body == seen.body

    shop.produce(an_order(2, "40.00"))
    shop.wait_for("/v1/customers/c-1", lambda answer: _tier(answer) == "silver")


@pytest.mark.timeout(180)
def test_a_dead_letter_is_listed_shown_and_sent_again_and_a_person_is_forgotten(shop: Shop) -> None:
    shop.start()
    shop.produce(an_order(1, "10.00"))
    shop.wait_for("/v1/customers/c-1", _is_ready)
    _produce_raw(shop, "c-1", json.dumps({**an_order(2, "5.00"), "currency": "EUR"}))
    _produce_raw(shop, "c-1", "{")

    letters = _dead_letters(shop, expected=2)
    assert {letter["reason"] for letter in letters} == {"currency_mismatch", "malformed_json"}
    malformed = next(letter for letter in letters if letter["reason"] == "malformed_json")
    shown = json.loads(tierline("dlq", "show", str(malformed["id"]), "--json", settings=shop.settings).out)
    assert (shown["value"], shown["key"]) == ("{", "c-1")

    again = tierline("dlq", "replay", "--reason", "currency_mismatch", "--json", settings=shop.settings)
    assert (again.code, len(json.loads(again.out)["sent"])) == (0, 1)
    assert len(_dead_letters(shop, expected=3)) == 3
    assert shop.get("/v1/customers/c-1").body["rfm"]["monetary"] == "10.00"  # type: ignore[index]

    assert tierline("erase", "c-1", settings=shop.settings).code == 0
    shop.wait_for("/v1/customers/c-1", lambda answer: answer.status == 404)
    shop.produce(an_order(9, "7.00"))
    shop.wait_for("/v1/customers/c-1", lambda answer: "7.00" in json.dumps(answer.body))


def _version(shop: Shop) -> str:
    done = tierline("doctor", "--json", settings=shop.settings)
    assert done.code == 0, done.out
    return next(str(one["text"]).rpartition(" ")[2] for one in json.loads(done.out) if one["part"] == "program")


def _tier(answer: Answer) -> object:
    tier = answer.body.get("tier")
    return tier["name"] if isinstance(tier, dict) and answer.status == 200 else None


def _produce_raw(shop: Shop, key: str, value: str) -> None:
    """Send what `tierline produce` would refuse."""
    code = (
        "import sys\nfrom kafka import KafkaProducer\n"
        "producer = KafkaProducer(bootstrap_servers=sys.argv[1])\n"
        "producer.send(sys.argv[2], key=sys.argv[3].encode(), value=sys.argv[4].encode(),"
        " timestamp_ms=1496318402000).get(30)\nproducer.close()"
    )
    topic = shop.settings["TIERLINE_TOPIC_PREFIX"] + "retail.orders.v1"
    subprocess.run(
        [sys.executable, "-c", code, shop.settings["TIERLINE_KAFKA"], topic, key, value], check=True, timeout=60
    )


def _dead_letters(shop: Shop, expected: int) -> list[dict[str, object]]:
    gives_up_at = time.monotonic() + WITHIN_SECONDS
    letters: list[dict[str, object]] = []
    while len(letters) < expected and time.monotonic() < gives_up_at:
        letters = json.loads(tierline("dlq", "list", "--json", settings=shop.settings).out)
    return letters
