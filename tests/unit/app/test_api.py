"""The HTTP API over a store in memory."""

import pytest
from fastapi.testclient import TestClient

from schemas.instants import parse_instant
from schemas.journal import Start
from schemas.program import Program
from schemas.read_model import CustomerView
from schemas.record import LogRecord
from schemas.topics import ORDERS
from state.customer import encode_state
from state.fold import Fold
from state.memory import CustomersInMemory
from state.meta import PartitionMeta, encode_meta
from state.outputs import DeadLetter
from state.store import StoreUnavailableError
from storefront.api import create_app
from storefront.lookup import Lookup

NOON = parse_instant("2017-06-01T12:00:00Z")
PROGRAM = Program()


class StoreInMemory:
    """One partition after one order of customer ``c-1``."""

    def __init__(self, *, is_started: bool = True) -> None:
        self.is_down = False
        self.customers = CustomersInMemory()
        self._meta = PartitionMeta()
        fold = Fold(self._meta, self.customers)
        if is_started:
            fold.start(Start(at=None, offsets={}, topic_ids={}, program_json=PROGRAM.canonical_json()))
            admitted = fold.admit(_order())
            assert not isinstance(admitted, DeadLetter)
            fold.apply(admitted)
        self._is_started = is_started

    async def meta(self, partition: int) -> bytes | None:
        if self.is_down:
            raise StoreUnavailableError("Redis at secret-host does not answer")
        return encode_meta(self._meta) if self._is_started else None

    async def state(self, partition: int, customer_id: str) -> bytes | None:
        if self.is_down:
            raise StoreUnavailableError("Redis at secret-host does not answer")
        state = self.customers.state(customer_id)
        return None if state is None else encode_state(state)

    async def load_ledger(self, partition: int, customer_id: str) -> dict[str, bytes]:
        raise AssertionError("no change of program here")


def _order() -> LogRecord:
    value = (
        b'{"type":"order.placed","customer_id":"c-1","occurred_at":"2017-06-01T12:00:00Z",'
        b'"order_id":"o-1","amount":"460.00","currency":"USD"}'
    )
    return LogRecord(ORDERS, 0, 0, NOON // 1000, b"c-1", value, ())


async def _nothing() -> None:
    return None


def _client(store: StoreInMemory, now: str = "2017-06-03T12:00:00Z") -> TestClient:
    lookup = Lookup(store, 1, lambda key: 0, lambda: parse_instant(now))
    return TestClient(create_app(lookup, "0", _nothing), raise_server_exceptions=False)


def test_a_known_customer_is_shown_as_of_now() -> None:
    body = _client(StoreInMemory()).get("/v1/customers/c-1").json()
    assert (body["as_of"], body["rfm"]["recency_days"]) == ("2017-06-03T12:00:00Z", 2)
    assert body["tier"]["name"] == "bronze"
    assert body["tier"]["next"]["missing"] == {"spend": "40.00", "orders": 3}
    assert body["tier"]["next"]["near"] is True
    CustomerView.model_validate(body)


def test_an_order_that_left_the_window_counts_no_more_without_any_event() -> None:
    body = _client(StoreInMemory(), now="2018-06-01T00:00:00Z").get("/v1/customers/c-1").json()
    assert body["tier"]["next"]["missing"] == {"spend": "500.00", "orders": 4}
    assert body["rfm"]["monetary"] == "460.00"


def test_an_unknown_customer_is_a_problem_with_the_lowest_tier_and_its_next() -> None:
    response = _client(StoreInMemory()).get("/v1/customers/c-2")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert (body["status"], body["title"], body["customer_id"]) == (404, "Not Found", "c-2")
    assert (body["tier"]["name"], body["tier"]["next"]["name"]) == ("bronze", "silver")


def test_an_id_may_hold_a_slash_and_any_letter() -> None:
    assert _client(StoreInMemory()).get("/v1/customers/käufer%2F1").json()["customer_id"] == "käufer/1"


@pytest.mark.parametrize("customer_id", ["x" * 129, "a%01b"])
def test_what_is_no_id_is_a_422_problem(customer_id: str) -> None:
    response = _client(StoreInMemory()).get(f"/v1/customers/{customer_id}")
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"].startswith("customer_id: ")


@pytest.mark.parametrize("path", ["/v1/customers/c-1", "/v1/program", "/health/ready"])
def test_a_store_that_is_down_is_a_503_that_says_when_to_come_back(path: str) -> None:
    store = StoreInMemory()
    store.is_down = True
    response = _client(store).get(path)
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0
    assert response.headers["content-type"] == "application/problem+json"
    assert "secret-host" not in response.text


def test_before_the_first_start_nothing_is_ready_but_the_process_lives() -> None:
    client = _client(StoreInMemory(is_started=False))
    assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").status_code == 503
    assert "tierline worker" in client.get("/v1/customers/c-1").json()["detail"]


def test_the_program_in_force_is_shown() -> None:
    body = _client(StoreInMemory()).get("/v1/program").json()
    assert body["program_version"] == PROGRAM.version_id
    assert body["program"]["tiers"]["levels"][0]["name"] == "bronze"
    assert Program.model_validate(body["program"]).version_id == PROGRAM.version_id


def test_metrics_count_routes_and_name_no_customer() -> None:
    client = _client(StoreInMemory())
    client.get("/v1/customers/c-1")
    text = client.get("/metrics").text
    assert 'tierline_api_requests_total{route="/v1/customers/{customer_id:path}",status="200"} 1.0' in text
    assert "c-1" not in text


def test_openapi_describes_the_read_model_and_the_problems() -> None:
    described = _client(StoreInMemory()).get("/openapi.json").json()
    answers = described["paths"]["/v1/customers/{customer_id}"]["get"]["responses"]
    assert set(answers) == {"200", "404", "422", "503"}
    assert answers["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/CustomerView")
