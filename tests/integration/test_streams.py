"""Event streams of a running API process: at once, at every change, over a restart, and not after an erasure."""

import http.client
import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import pytest

from tests.integration.commands import tierline
from tests.integration.test_api import Answer, Shop, a_shop, an_order
from tests.servers import KafkaServer
from tierline.embedded import EmbeddedValkey

WITHIN_SECONDS = 30


class Sent(NamedTuple):
    event: str
    id: str | None
    data: dict[str, object]


class Stream:
    """An open event stream, read as a browser reads it."""

    def __init__(self, shop: Shop, path: str, last_id: str | None = None) -> None:
        port = int(shop.settings["TIERLINE_API_PORT"])
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WITHIN_SECONDS)
        self._connection.request("GET", path, headers={} if last_id is None else {"Last-Event-ID": last_id})
        self._answer = self._connection.getresponse()
        assert (self._answer.status, self._answer.headers.get_content_type()) == (200, "text/event-stream")

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._answer.close()
        self._connection.close()

    def next(self, event: str) -> Sent:
        """Return the next event of this name; StopIteration at the stream's end."""
        while (sent := self._read()).event != event:
            pass
        return sent

    def _read(self) -> Sent:
        fields: dict[str, str] = {}
        while line := self._answer.readline():
            text = line.decode().rstrip("\n")
            if not text and "data" in fields:
                return Sent(fields["event"], fields.get("id"), json.loads(fields["data"]))
            name, _, value = text.partition(": ")
            if name:
                fields[name] = value
        raise StopIteration


@pytest.fixture
def shop(
    kafka: KafkaServer, new_valkey: Callable[..., EmbeddedValkey], unique_name: str, tmp_path: Path
) -> Iterator[Shop]:
    with a_shop(kafka, new_valkey(), unique_name, tmp_path) as made:
        made.start()
        made.wait_for("/health/ready", _is_found)
        yield made


@pytest.mark.timeout(180)
def test_a_customer_s_stream_shows_each_change_and_ends_with_the_customer(shop: Shop) -> None:
    shop.produce(an_order(1, "460.00"))
    shop.wait_for("/v1/customers/c-1", _is_found)
    with Stream(shop, "/v1/customers/c-1/events") as stream:
        first = stream.next("customer")
        assert _missing(first) == "40.00"
        shop.produce(an_order(2, "10.00"))
        second = stream.next("customer")
        assert (_missing(second), second.id != first.id) == ("30.00", True)
        assert _open_streams(shop) == 1
    _await(lambda: _open_streams(shop) == 0)

    with Stream(shop, "/v1/customers/c-1/events", second.id) as stream:
        shop.produce(an_order(3, "5.00"))
        assert _missing(stream.next("customer")) == "25.00", "what it had already is not sent again"
        assert tierline("erase", "c-1", settings=shop.settings).code == 0
        with pytest.raises(StopIteration):
            stream.next("customer")
    assert shop.get("/v1/customers/c-1/events").status == 404


@pytest.mark.timeout(180)
def test_the_feed_goes_on_where_it_stopped_over_a_restart_of_the_api(shop: Shop) -> None:
    shop.produce(an_order(1, "600.00", "c-1"), an_order(2, "600.00", "c-2"))
    shop.wait_for("/v1/customers/c-2", _is_found)
    with Stream(shop, "/v1/overview/events") as stream:
        assert "history" not in stream.next("overview").data
        seen = [stream.next("feed")]
        assert set(seen[0].data) == {"id", "at", "customer_id", "what", "body"}
        api = shop.children.pop()
        api.process.send_signal(signal.SIGTERM)
        assert api.process.wait(4) == 0, "an open stream holds no process up"
    shop.produce(an_order(3, "600.00", "c-3"))
    shop.start_process("api")
    shop.wait_for("/v1/customers/c-3", _is_found)

    explained = [shop.get(f"/v1/customers/c-{number}/explain").body["history"] for number in (1, 2, 3)]
    expected = [one["body"] for told in explained for one in told]  # type: ignore[attr-defined]
    with Stream(shop, "/v1/overview/events", seen[-1].id) as stream:
        while len(seen) < len(expected):
            seen.append(stream.next("feed"))
    assert len({str(sent.data["id"]) for sent in seen}) == len(seen)
    in_order = sorted(json.dumps(sent.data["body"], sort_keys=True) for sent in seen)
    assert in_order == sorted(json.dumps(body, sort_keys=True) for body in expected)

    overview = shop.wait_for("/v1/overview", lambda answer: answer.body.get("lag") == 0).body
    assert (overview["customers"], overview["records"]) == (3, 3)
    assert overview["migrations"] == [{"from": "bronze", "to": "silver", "count": 3}]


@pytest.mark.timeout(180)
def test_what_was_said_of_an_erased_customer_is_in_no_feed(shop: Shop) -> None:
    shop.produce(an_order(1, "600.00", "c-1"), an_order(2, "600.00", "c-2"))
    shop.wait_for("/v1/customers/c-2", _is_found)
    shop.wait_for("/v1/customers/c-1", _is_found)
    assert tierline("erase", "c-1", settings=shop.settings).code == 0
    shop.wait_for("/v1/customers/c-1/explain", lambda answer: answer.status == 404)
    told = shop.get("/v1/customers/c-2/explain").body["history"]
    assert isinstance(told, list)
    with Stream(shop, "/v1/overview/events") as stream:
        assert {stream.next("feed").data["customer_id"] for _ in told} == {"c-2"}
        shop.produce(an_order(3, "600.00", "c-3"))
        assert stream.next("feed").data["customer_id"] == "c-3"


@pytest.mark.timeout(180)
def test_a_stream_waits_for_redis_and_goes_on(shop: Shop) -> None:
    shop.produce(an_order(1, "460.00"))
    shop.wait_for("/v1/customers/c-1", _is_found)
    with Stream(shop, "/v1/customers/c-1/events") as stream:
        stream.next("customer")
        shop.valkey.stop()
        time.sleep(1)
        shop.valkey.start()
        shop.produce(an_order(2, "10.00"))
        assert _missing(stream.next("customer")) == "30.00"


def test_cards_tell_a_person_what_the_api_tells_programs(shop: Shop) -> None:
    shop.produce(an_order(1, "600.00"))
    shop.wait_for("/v1/customers/c-1", _is_found)
    card = tierline("customer", "c-1", settings=shop.settings)
    assert card.code == 0
    assert "silver since 2017-06-01" in card.out
    assert "400.00 spend missing to gold" in card.out
    why = tierline("explain", "c-1", settings=shop.settings)
    assert (why.code, "bronze to silver" in why.out, "o-1" in why.out) == (0, True, True)
    as_json = tierline("explain", "c-1", "--json", settings=shop.settings)
    assert json.loads(as_json.out) == shop.get("/v1/customers/c-1/explain").body
    assert tierline("explain", "c-9", settings=shop.settings).code == 1
    assert "anybody" in (shop.folder / "api.log").read_text(), "an open API says so when it starts"


def _is_found(answer: Answer) -> bool:
    return answer.status == 200


def _missing(sent: Sent) -> object:
    return sent.data["tier"]["next"]["missing"]["spend"]  # type: ignore[index]


def _open_streams(shop: Shop) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", int(shop.settings["TIERLINE_API_PORT"]), timeout=10)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    return int(float(next(line.split()[1] for line in lines if line.startswith("tierline_api_streams "))))


def _await(holds: Callable[[], bool]) -> None:
    gives_up_at = time.monotonic() + WITHIN_SECONDS
    while not holds():
        assert time.monotonic() < gives_up_at
        time.sleep(0.05)
