"""The HTTP API over a store in memory."""

from collections.abc import Sequence

import pytest
from fastapi.testclient import TestClient

from schemas.program import Program
from schemas.read_model import CustomerView
from state.score import model_of
from state.store import LagNote
from storefront.api import create_app
from storefront.explanation_body import Explanation
from storefront.overview_body import EXAMPLE, Overview
from tests.unit.app.store_in_memory import NOON, PROGRAM, StoreInMemory, a_lookup, nothing
from tests.unit.models.building import a_snapshot


def _client(store: StoreInMemory, now: str = "2017-06-03T12:00:00Z", origins: Sequence[str] = ()) -> TestClient:
    return TestClient(create_app(a_lookup(store, now), "0", nothing, origins=origins), raise_server_exceptions=False)


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


@pytest.mark.parametrize("customer_id", ["x" * 129, "a%01b", "a%0Ab", "%0A", "a%0A"])
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


def test_before_the_first_startnothing_is_ready_but_the_process_lives() -> None:
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
    assert 'tierline_api_requests_total{route="/v1/customers/{customer_id:anything}",status="200"} 1.0' in text
    assert "c-1" not in text


def test_openapi_describes_the_read_model_and_the_problems() -> None:
    described = _client(StoreInMemory()).get("/openapi.json").json()
    answers = described["paths"]["/v1/customers/{customer_id}"]["get"]["responses"]
    assert set(answers) == {"200", "401", "403", "404", "422", "503"}
    problems = [answer["content"] for status, answer in answers.items() if status != "200"]
    assert all(set(content) == {"application/problem+json"} for content in problems)
    assert answers["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/CustomerView")


def test_a_client_that_has_the_answer_is_told_so() -> None:
    client = _client(StoreInMemory())
    for path in ("/v1/customers/c-1", "/v1/program"):
        first = client.get(path)
        again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_another_day_is_another_answer_but_another_second_is_not() -> None:
    tags = [
        _client(StoreInMemory(), now).get("/v1/customers/c-1").headers["etag"]
        for now in ("2017-06-03T12:00:00Z", "2017-06-03T12:00:01Z", "2017-06-04T12:00:00Z")
    ]
    assert tags[0] == tags[1] != tags[2]


def test_only_pages_of_the_origins_named_may_read() -> None:
    client = _client(StoreInMemory(), origins=["https://shop.example"])
    allowed = client.get("/v1/customers/c-1", headers={"Origin": "https://shop.example"})
    assert allowed.headers["access-control-allow-origin"] == "https://shop.example"
    other = client.get("/v1/customers/c-1", headers={"Origin": "https://other.example"})
    assert "access-control-allow-origin" not in other.headers
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "GET"}
    asked["Access-Control-Request-Headers"] = "Authorization, Last-Event-ID"
    assert client.options("/v1/customers/c-1", headers=asked).status_code == 200


def test_an_explanation_lists_criteria_orders_and_what_was_said() -> None:
    store = StoreInMemory()
    body = _client(store).get("/v1/customers/c-1/explain").json()
    Explanation.model_validate(body)
    assert (body["tier"]["name"], body["term"], body["why"]) == ("bronze", None, [])
    assert body["next_why"] == [
        {"name": "spend", "value": "460.00", "threshold": "500.00", "met": False},
        {"name": "orders", "value": 1, "threshold": 4, "met": False},
    ]
    assert body["orders"] == [
        {
            "order_id": "o-1", "occurred_at": "2017-06-01T12:00:00Z", "amount": "460.00", "counts": True,
            "leaves_at": "2018-06-01T00:00:00Z",
        }
    ]  # fmt: skip
    assert [one["what"].split(".")[0] for one in body["history"]] == ["nudge"]
    left = _client(store, "2018-06-01T00:00:00Z").get("/v1/customers/c-1/explain").json()
    assert (left["orders"][0]["counts"], left["orders"][0]["leaves_at"]) == (False, None)
    assert _client(store).get("/v1/customers/c-2/explain").status_code == 404


def test_an_explanation_says_what_led_to_each_segment() -> None:
    store = StoreInMemory(model=model_of(17, a_snapshot()))
    body = _client(store).get("/v1/customers/c-1/explain").json()
    Explanation.model_validate(body)
    assert (body["model_version"], body["segment"]["persona"]) == (17, "Active Bronze")
    assert body["rfm"]["scores"]["r"] == 5
    for scheme, why in body["segment_why"].items():
        assert (why["to"], why["from"], why["model_version"]) == (body["segment"][scheme], None, 17)
        assert why["trigger"] == {"kind": "model_update", "id": None}
        assert why["criteria"]
    store.forget_what_was_said()
    forgotten = _client(store).get("/v1/customers/c-1/explain").json()
    Explanation.model_validate(forgotten)
    assert forgotten["segment_why"] == {"rfm": None, "cluster": None, "persona": None}


def test_the_overview_counts_segments() -> None:
    body = _client(StoreInMemory(model=model_of(17, a_snapshot()))).get("/v1/overview").json()
    Overview.model_validate(body)
    assert body["model"] == {"lowest": 17, "highest": 17, "adoptions": 1, "priced_by": "bg_nbd", "labels": 0}
    assert body["segments"]["persona"] == [{"name": "Active Bronze", "customers": 1}]
    assert body["history"][-1]["segments"]["persona"] == {"Active Bronze": 1}


def test_the_overview_sums_up_without_looking_at_anybody() -> None:
    body = _client(StoreInMemory()).get("/v1/overview").json()
    Overview.model_validate(body)
    assert (body["as_of"], body["customers"], body["records"]) == ("2017-06-01T12:00:00Z", 1, 1)
    assert [tier["name"] for tier in body["tiers"]] == ["bronze", "silver", "gold", "platinum"]
    assert body["tiers"][0]["customers"] == 1
    nowhere: dict[str, object] = {"rfm": {}, "cluster": {}, "persona": {}}
    assert body["history"] == [{"at": "2017-06-01T12:00:00Z", "tiers": {"bronze": 1}, "segments": nowhere}]
    assert body["model"] == {"lowest": None, "highest": None, "adoptions": 0, "priced_by": None, "labels": 0}
    assert body["segments"] == body["segment_migrations"] == {"rfm": [], "cluster": [], "persona": []}
    assert sum(body["nudges"]["issued"].values()) + sum(body["nudges"]["suppressed"].values()) == 1
    assert _client(StoreInMemory(is_started=False)).get("/v1/overview").status_code == 503


def test_the_lag_is_known_where_every_partition_has_a_worker() -> None:
    store = StoreInMemory()
    assert _client(store).get("/v1/overview").json()["lag"] is None
    store.lag_note = LagNote(7, NOON)
    assert _client(store).get("/v1/overview").json()["lag"] == 7


def test_the_example_of_the_overview_is_one() -> None:
    Overview.model_validate(EXAMPLE)


def test_openapi_describes_the_streams_as_event_streams() -> None:
    paths = _client(StoreInMemory()).get("/openapi.json").json()["paths"]
    for path in ("/v1/customers/{customer_id}/events", "/v1/overview/events"):
        assert set(paths[path]["get"]["responses"]["200"]["content"]) == {"text/event-stream"}
