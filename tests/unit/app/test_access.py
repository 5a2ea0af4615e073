"""Tokens: who may read what."""

import time
from collections.abc import Mapping
from contextlib import aclosing

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi.testclient import TestClient

from schemas.instants import parse_instant
from state.score import model_of
from storefront.access import Access, Reader
from storefront.api import create_app
from storefront.explanation_body import Explanation
from storefront.feed import Feed
from storefront.lookup import Lookup
from storefront.pages import customer_events
from tests.unit.app.store_in_memory import StoreInMemory, nothing
from tests.unit.models.building import a_snapshot

SECRET = "a secret of at least thirty-two bytes"
BY_SECRET = Access(SECRET)
PATHS = ["/v1/customers/c-1", "/v1/customers/c-1/explain", "/v1/customers/c-1/events"]
ALL_PATHS = [
    *PATHS,
    "/v1/customers/c-1/lookalikes",
    "/v1/portraits",
    "/v1/overview",
    "/v1/overview/events",
    "/v1/program",
]


def a_token(key: str | Ed25519PrivateKey = SECRET, algorithm: str = "HS256", **claims: object) -> str:
    return jwt.encode({"exp": int(time.time()) + 60, **claims}, key, algorithm)


def a_client(access: Access = BY_SECRET, store: StoreInMemory | None = None) -> TestClient:
    lookup = Lookup(store or StoreInMemory(), 1, lambda key: 0, lambda: parse_instant("2017-06-03T12:00:00Z"))
    return TestClient(create_app(lookup, "0", nothing, access), raise_server_exceptions=False)


def bearing(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("path", ALL_PATHS)
def test_without_a_token_nothing_is_read(path: str) -> None:
    response = a_client().get(path)
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics", "/openapi.json"])
def test_what_operators_poll_needs_no_token(path: str) -> None:
    assert a_client().get(path).status_code == 200


@pytest.mark.parametrize(
    "token",
    [
        "nonsense",
        a_token(sub="c-1", exp=1),
        a_token("another secret of thirty-two bytes or more", sub="c-1"),
        a_token(),
        jwt.encode({"sub": "c-1"}, SECRET, "HS256"),
        jwt.encode({"sub": "c-1", "exp": 2**33}, "", "none"),
    ],
    ids=["nonsense", "expired", "forged", "nobody's", "without an end", "unsigned"],
)
def test_a_token_that_proves_nothing_is_a_401(token: str) -> None:
    assert a_client().get("/v1/customers/c-1", headers=bearing(token)).status_code == 401


def test_a_shopper_reads_its_own_customer_and_no_segment() -> None:
    headers = bearing(a_token(sub="c-1"))
    client = a_client()
    view = client.get("/v1/customers/c-1", headers=headers).json()
    assert (view["tier"]["name"], view["segment"]["rfm"]) == ("bronze", None)
    assert client.get("/v1/customers/c-1/explain", headers=headers).status_code == 200


@pytest.mark.parametrize("path", [*(path.replace("c-1", "c-2") for path in PATHS), *ALL_PATHS[len(PATHS) :]])
def test_a_shopper_reads_nothing_else(path: str) -> None:
    response = a_client().get(path, headers=bearing(a_token(sub="c-1")))
    assert (response.status_code, response.json()["title"]) == (403, "Forbidden")


@pytest.mark.parametrize("path", ["/v1/customers/c-1", "/v1/overview", "/v1/program"])
def test_a_service_reads_everything(path: str) -> None:
    assert a_client().get(path, headers=bearing(a_token(scope="read service"))).status_code == 200


def test_a_token_may_be_signed_for_a_public_key_and_not_by_it() -> None:
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    client = a_client(Access(public))
    good = a_token(private, "EdDSA", sub="c-1")
    assert client.get("/v1/customers/c-1", headers=bearing(good)).status_code == 200
    assert client.get("/v1/customers/c-1", headers=bearing(a_token(sub="c-1"))).status_code == 401


def test_a_shopper_sees_neither_what_was_held_back_nor_segments_in_what_was_said() -> None:
    body = {
        "segment": {"rfm": "VIP"},
        "history": [
            {"at": "1", "what": "nudge.issued", "body": {"segment": "VIP", "clv_90d": "9.00", "kind": "tier_near"}},
            {"at": "2", "what": "nudge.suppressed", "body": {"reason": "holdout"}},
        ],
    }
    shown = Reader("c-1").shown(dict(body))
    assert shown["segment"] == {"rfm": None, "cluster": None, "persona": None, "traits": [], "since": None}
    seen: dict[str, object] = {"segment": None, "clv_90d": None, "kind": "tier_near"}
    assert shown["history"] == [{"at": "1", "what": "nudge.issued", "body": seen}]
    assert shown["clv_90d"] is None
    assert Reader().shown(dict(body)) == body


def test_no_segment_reaches_a_shopper_by_any_way() -> None:
    store = StoreInMemory(model=model_of(17, a_snapshot()))
    client = a_client(store=store)
    service, shopper = bearing(a_token(scope="service")), bearing(a_token(sub="c-1"))
    view = client.get("/v1/customers/c-1", headers=service).json()
    names = [view["segment"][scheme] for scheme in ("rfm", "cluster", "persona")]
    assert all(names)
    assert all(name in client.get("/v1/customers/c-1/explain", headers=service).text for name in names)
    for path in PATHS[:2]:
        answer = client.get(path, headers=shopper)
        assert not [name for name in names if f'"{name}"' in answer.text]
        assert answer.json()["rfm"]["scores"] == {"r": None, "f": None, "m": None}
        assert answer.json()["segment"]["traits"] == []
    explained = client.get(PATHS[1], headers=shopper).json()
    Explanation.model_validate(explained)
    assert "segment.changed" not in {one["what"] for one in explained["history"]}


async def test_no_segment_is_in_a_shopper_s_event_stream() -> None:
    store = StoreInMemory(model=model_of(17, a_snapshot()))
    lookup = Lookup(store, 1, lambda key: 0, lambda: parse_instant("2017-06-03T12:00:00Z"))
    for reader, is_shown in ((Reader(), True), (Reader("c-1"), False)):
        events = customer_events(lookup, Feed(store, 1), "c-1", None, reader.shown)
        async with aclosing(events):
            assert (b"Active Bronze" in await anext(events)) == is_shown


def test_without_a_key_the_api_is_open() -> None:
    assert all(a_client(Access()).get(path).status_code == 200 for path in PATHS[:2])
