"""Look-alikes over HTTP: scored by live states, in words, never oneself, never someone who is gone."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import msgspec
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from models.lookalikes import differences, score_of
from models.population import Population, population_of
from models.sample_table import SampleTable
from schemas.features import CustomerFacts
from schemas.instants import parse_instant
from schemas.record import LogRecord
from schemas.samples import Sample, SampleSlice
from schemas.snapshot import Snapshot
from schemas.topics import CONSENTS, ORDERS
from state.outputs import DeadLetter
from storefront.api import create_app
from storefront.lookalikes import NO_ORDER, SPARE
from storefront.lookalikes_body import LookalikesView
from tests import builders
from tests.unit.app.store_in_memory import StoreInMemory, a_lookup, nothing
from tests.unit.app.test_access import BY_SECRET, a_token, bearing
from tests.unit.models.building import a_snapshot

NOW = "2017-06-03T12:00:00Z"
SAMPLED_AT = parse_instant("2017-06-02T23:00:00Z")


class Followed:
    """A population that stands still."""

    def __init__(self, population: Population | None = None) -> None:
        self.population = population
        self.missing = "No model yet."
        self.gone: list[str] = []

    def forget(self, customer_id: str) -> None:
        self.gone.append(customer_id)


def take(store: StoreInMemory, topic: str, event: dict[str, object], at: str = "2017-06-02T12:00:00Z") -> None:
    value, key = json.dumps(event).encode(), str(event["customer_id"]).encode()
    admitted = store.fold.admit(LogRecord(topic, 0, 0, parse_instant(at) // 1000, key, value, ()))
    assert not isinstance(admitted, DeadLetter), admitted
    store.fold.apply(admitted)


def buy(store: StoreInMemory, customer_id: str, order_id: str, amount: str, day: str = "2017-06-02") -> None:
    order = builders.an_order(order_id, amount, f"{day}T10:00:00Z", customer_id=customer_id)
    take(store, ORDERS, order, f"{day}T12:00:00Z")


def a_shop(customers: int = 40, seed: int = 1) -> StoreInMemory:
    """`c-1`, who has one order of 460.00 on 1 June, and some `x-..` who bought on 2 June."""
    store, random = StoreInMemory(), Random(seed)
    for number in range(customers):
        for order in range(random.randrange(1, 6)):
            buy(store, f"x-{number}", f"o-{number}-{order}", f"{random.randrange(5, 900)}.00")
    return store


def everybody(store: StoreInMemory, snapshot: Snapshot | None = None) -> Population:
    """Sampled as they are, `ghost` too, who is in no store."""
    states = store.customers.states.values()
    rows = [Sample(one.customer_id, 0, one.orders, one.spend_minor, 0) for one in states if one.orders]
    table = SampleTable()
    table.take(SampleSlice(partition=0, at=SAMPLED_AT, rows=(*rows, Sample("ghost", 2, 1, 46_000, 2))))
    return population_of(17, snapshot or a_snapshot(), table)


def asked(store: StoreInMemory, followed: Followed | None, path: str) -> Response:
    app = create_app(a_lookup(store, NOW), "0", nothing, populations=followed)
    return TestClient(app, raise_server_exceptions=False).get(path)


def lookalikes(store: StoreInMemory, followed: Followed, customer_id: str = "c-1", n: int = 3) -> dict[str, Any]:
    response = asked(store, followed, f"/v1/customers/{customer_id}/lookalikes?n={n}")
    assert response.status_code == 200, response.text
    LookalikesView.model_validate(response.json())
    body: dict[str, Any] = response.json()
    return body


def facts(store: StoreInMemory, customer_id: str) -> CustomerFacts:
    """By hand, as of ``NOW``."""
    state = store.customers.states[customer_id]
    days = 2 if customer_id == "c-1" else 1
    return CustomerFacts(days, state.orders, state.spend_minor, days, 0, 0)


def brute_force(store: StoreInMemory, count: int) -> list[tuple[float, str]]:
    scores = {
        one: score_of(differences(facts(store, "c-1"), facts(store, one), a_snapshot()))
        for one, state in store.customers.states.items()
        if one != "c-1" and state.orders
    }
    return [(score, one) for one, score in sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))][:count]


@pytest.mark.parametrize("seed", range(5))
def test_the_most_alike_are_told_with_their_scores_best_first(seed: int) -> None:
    store = a_shop(seed=seed)
    body = lookalikes(store, Followed(everybody(store)), n=4)
    found = [(one["score"], one["customer_id"]) for one in body["lookalikes"]]
    expected = brute_force(store, 4)
    assert [score for score, _ in found] == pytest.approx([score for score, _ in expected], abs=1e-3)
    assert {one for _, one in found}.isdisjoint({"c-1", "ghost"})
    assert (body["model_version"], body["compared_with"]["customers"], body["note"]) == (17, 42, None)


def test_a_twin_scores_one_and_shares_everything() -> None:
    store = a_shop()
    buy(store, "twin", "t-1", "460.00", day="2017-06-01")
    (one,) = lookalikes(store, Followed(everybody(store)), n=1)["lookalikes"]
    assert (one["customer_id"], one["score"], one["differs"]) == ("twin", 1.0, None)
    assert [shared["words"] for shared in one["shared"]] == [
        "both bronze", "both last ordered 2 days ago", "both placed 1 order", "both spent 460.00 USD",
        "both spend 460.00 USD an order", "both first ordered 2 days ago",
    ]  # fmt: skip


def test_who_ordered_today_ordered_today() -> None:
    store = a_shop(0)
    for customer_id in ("c-1", "twin"):
        take(store, ORDERS, builders.an_order("t-1", "9.00", NOW, customer_id=customer_id), NOW)
    (one,) = lookalikes(store, Followed(everybody(store)), n=1)["lookalikes"]
    words = [shared["words"] for shared in one["shared"]]
    assert "both last ordered today" in words


def test_only_who_is_identical_has_a_score_of_one() -> None:
    store = StoreInMemory()
    buy(store, "almost", "t-1", "460.01", day="2017-06-01")
    (one,) = lookalikes(store, Followed(everybody(store)), n=1)["lookalikes"]
    assert (one["customer_id"], one["score"]) == ("almost", 0.999)


def test_scores_are_of_now_not_of_the_sample() -> None:
    store = a_shop()
    buy(store, "twin", "t-1", "460.00", day="2017-06-01")
    followed = Followed(everybody(store))
    buy(store, "twin", "t-2", "880.00")
    for one in lookalikes(store, followed, n=40)["lookalikes"]:
        if one["customer_id"] == "twin":
            assert (one["rfm"]["frequency"], one["rfm"]["monetary"]) == (2, "1340.00")
            assert one["score"] < 0.9
            return
    pytest.fail("the twin is gone")


def test_who_was_erased_is_not_told_and_drops_out() -> None:
    store = a_shop()
    buy(store, "twin", "t-1", "460.00", day="2017-06-01")
    followed = Followed(everybody(store))
    take(store, CONSENTS, builders.an_erasure("2017-06-03T09:00:00Z", customer_id="twin"), "2017-06-03T09:00:00Z")
    body = lookalikes(store, followed, n=3)
    assert len(body["lookalikes"]) == 3
    assert "twin" not in json.dumps(body)
    assert {"twin", "ghost"} <= set(followed.gone)


def test_a_new_customer_of_an_erased_id_is_not_the_one_who_was_sampled() -> None:
    store = a_shop()
    buy(store, "twin", "t-1", "460.00", day="2017-06-01")
    followed = Followed(everybody(store))
    take(store, CONSENTS, builders.an_erasure("2017-06-03T09:00:00Z", customer_id="twin"), "2017-06-03T09:00:00Z")
    again = builders.an_order("t-9", "460.00", "2017-06-03T10:00:00Z", customer_id="twin")
    take(store, ORDERS, again, "2017-06-03T10:00:00Z")
    assert store.customers.states["twin"].orders == 1
    assert "twin" not in json.dumps(lookalikes(store, followed, n=40))


def test_more_are_looked_for_where_all_near_ones_are_gone() -> None:
    store = a_shop()
    for number in range(30):
        buy(store, f"twin-{number}", f"t-{number}", "460.00", day="2017-06-01")
    followed = Followed(everybody(store))
    for number in range(30):
        gone = builders.an_erasure("2017-06-03T09:00:00Z", customer_id=f"twin-{number}")
        take(store, CONSENTS, gone, "2017-06-03T09:00:00Z")
    assert len(lookalikes(store, followed, n=3)["lookalikes"]) == 3
    assert len(set(followed.gone)) > 3 + SPARE, "one look would have been too few"


def test_a_fair_sample_says_that_it_is_one() -> None:
    store = a_shop()
    followed = Followed(everybody(store, snapshot_of_a_part()))
    body = lookalikes(store, followed)
    assert 0 < body["compared_with"]["customers"] < 42
    assert body["compared_with"]["share"] == 0.5
    assert body["note"].startswith("Compared with a fair sample of 50.0% of all customers")


def snapshot_of_a_part() -> Snapshot:
    return msgspec.structs.replace(a_snapshot(), sample_below=1 << 62)


def test_without_an_order_there_is_nothing_to_compare() -> None:
    store = a_shop()
    take(store, CONSENTS, builders.a_consent(customer_id="silent"))
    body = lookalikes(store, Followed(everybody(store)), "silent")
    assert (body["lookalikes"], body["note"]) == ([], NO_ORDER)


@pytest.mark.parametrize(
    ("path", "status"),
    [("nobody/lookalikes", 404), *((f"c-1/lookalikes?n={n}", 422) for n in ("0", "51", "x"))],
)
def test_what_cannot_be_answered_is_a_problem(path: str, status: int) -> None:
    store = a_shop(2)
    response = asked(store, Followed(everybody(store)), f"/v1/customers/{path}")
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")


def test_before_the_first_model_it_says_what_is_missing_and_when_to_ask_again() -> None:
    response = asked(a_shop(2), Followed(), "/v1/customers/c-1/lookalikes")
    assert (response.status_code, response.headers["retry-after"]) == (503, "2")
    assert response.json()["detail"] == "No model yet."


def test_an_api_without_kafka_says_so() -> None:
    response = asked(a_shop(2), None, "/v1/customers/c-1/lookalikes")
    assert (response.status_code, "TIERLINE_KAFKA" in response.json()["detail"]) == (501, True)


def test_a_shopper_never_sees_others_not_even_from_their_own_page() -> None:
    store = a_shop(5)
    app = create_app(a_lookup(store, NOW), "0", nothing, BY_SECRET, populations=Followed(everybody(store)))
    client = TestClient(app, raise_server_exceptions=False)
    path = "/v1/customers/c-1/lookalikes"
    assert client.get(path, headers=bearing(a_token(sub="c-1"))).status_code == 403
    assert client.get(path, headers=bearing(a_token(scope="service"))).status_code == 200


def test_a_copy_that_still_holds_is_not_sent_again() -> None:
    store = a_shop(5)
    followed = Followed(everybody(store))
    client = TestClient(create_app(a_lookup(store, NOW), "0", nothing, populations=followed))
    tag = client.get("/v1/customers/c-1/lookalikes").headers["etag"]
    assert client.get("/v1/customers/c-1/lookalikes", headers={"If-None-Match": tag}).status_code == 304
