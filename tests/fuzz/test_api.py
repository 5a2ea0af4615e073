"""The real API over a real Valkey, asked as its OpenAPI document allows and as it does not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import quote

import jwt
import pytest
import schemathesis
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from schemas.record import LogRecord
from state.redis_repository import RedisRepository
from storefront.access import Access
from tests.engines import EngineBench
from tests.fuzz.oddities import TEXTS
from tests.fuzz.serving import Api, serve
from tests.fuzz.world import World
from tests.servers import ValkeyServer, name_of
from tests.simulation.fake_store import FakeStore

KEY = "a secret of at least thirty-two bytes"
CHECKS: list[CheckFunction] = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip
EXAMPLES = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def world(valkey: ValkeyServer) -> tuple[str, World]:
    """A partition in Valkey, brought there by the real engine."""
    name, world = name_of("api"), World(2, 300)
    log = [
        LogRecord(sent.topic, 0, offset, sent.timestamp_ms, sent.key, sent.value, sent.headers)
        for offset, sent in enumerate(world.sent)
    ]

    async def fill() -> None:
        repository = RedisRepository(valkey.url, name)
        await EngineBench(world.program, _offsets_of_their_own(log), store=cast(FakeStore, repository)).work()
        await repository.close()

    asyncio.run(fill())
    return name, world


def _offsets_of_their_own(log: list[LogRecord]) -> list[LogRecord]:
    counted: dict[str, int] = {}
    records = []
    for one in log:
        offset = counted[one.topic] = counted.get(one.topic, -1) + 1
        records.append(LogRecord(one.topic, 0, offset, one.timestamp_ms, one.key, one.value, one.headers))
    return records


@pytest.fixture(scope="module")
def api(valkey: ValkeyServer, world: tuple[str, World]) -> Iterator[Api]:
    yield from serve(valkey, world, Access())


@pytest.fixture(scope="module")
def guarded(valkey: ValkeyServer, world: tuple[str, World]) -> Iterator[Api]:
    yield from serve(valkey, world, Access(KEY))


@pytest.fixture(autouse=True)
def nothing_was_raised(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    for name in ("api", "guarded"):
        if name in request.fixturenames:
            errors = request.getfixturevalue(name).errors
            assert errors == [], "the server must not complain, whatever is asked"


@pytest.mark.parametrize("which", ["api", "guarded"])
def test_every_answer_is_what_the_openapi_document_says(which: str, request: pytest.FixtureRequest) -> None:
    server: Api = request.getfixturevalue(which)
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    asked = [one for one in map(_well_described, schema.get_all_operations()) if not one.path.endswith("/events")]
    assert len(asked) >= 6

    for operation in asked:
        case = st.one_of(operation.as_strategy(), operation.as_strategy(schemathesis.GenerationMode.NEGATIVE))

        @given(case)
        @EXAMPLES
        def ask(one: Any) -> None:  # noqa: ANN401
            one.call_and_validate(checks=CHECKS)

        ask()


def _well_described(found: Any) -> Any:  # noqa: ANN401  # schemathesis' own, which has no usable types
    return found.ok()


ids = st.sampled_from([text for text in TEXTS if isinstance(text, str)]) | st.text(max_size=140)
hostile = st.sampled_from(
    ["", "*", '"', 'W/"x"', ",", "W/", "\xff", "é", "x" * 5000, "Bearer", "Bearer ", "Basic eDp5", "Bearer a.b.c",
    "0.0",
     "99999999999999999999999.0", "18446744073709551615.18446744073709551615", "18446744073709551616.0", "1.1_1.1",
     "-1.0",
     "12.5", "9" * 29, "1.", ".1", "1e5.0", "١.٢", "0" * 28 + ".1", "null"]
) | st.text(st.characters(min_codepoint=33, max_codepoint=255, exclude_characters="\x7f"), max_size=40)  # fmt: skip


@given(st.data())
@EXAMPLES
def test_hostile_ids_headers_and_queries_get_an_answer(api: Api, guarded: Api, data: st.DataObject) -> None:
    server = data.draw(st.sampled_from([api, guarded]))
    part = quote(
        data.draw(ids | st.sampled_from(api.customers)),
        safe=data.draw(st.sampled_from(["", "/", ":@"])),
        errors="replace",
    )
    ending = data.draw(
        st.sampled_from(["", "", "/explain", "/events", "//", "/../..", "?access_token=%ff", "#x", "%00", "%"])
    )
    path = data.draw(
        st.sampled_from([f"/v1/customers/{part}{ending}", f"/v1/overview/events?access_token={part}", f"/{part}"])
    )
    names = st.sampled_from(["If-None-Match", "Last-Event-ID", "Authorization", "Origin", "Accept", "X-Forwarded-For"])
    headers = data.draw(st.dictionaries(names, hostile, max_size=3))
    status, body = server.get(path, headers, read=200)
    assert status < 500, (path, headers, body)
    if status in (401, 403, 404, 422):
        assert json.loads(body)["status"] == status


@given(hostile)
@example("18446744073709551615.18446744073709551615")
@example("99999999999999999999999.0")
@EXAMPLES
def test_any_last_event_id_opens_the_stream(api: Api, place: str) -> None:
    status, body = api.get("/v1/overview/events", {"Last-Event-ID": place}, read=100)
    assert status == 200
    assert body.startswith((b"event: ", b"id: ", b"data: ", b": "))


@given(
    st.sampled_from(["HS256", "none", "RS256"]),
    st.dictionaries(
        st.sampled_from(["sub", "exp", "scope", "nbf", "aud"]),
        st.none() | st.integers() | st.text(max_size=5) | st.just([]),
    ),
)
@EXAMPLES
def test_any_token_is_taken_or_refused(guarded: Api, algorithm: str, claims: dict[str, object]) -> None:
    header = {"alg": algorithm, "typ": "JWT"}
    token = (
        jwt.encode(dict(claims), KEY, "HS256")
        if algorithm == "HS256"
        else jwt.utils.base64url_encode(json.dumps(header).encode()).decode() + ".e30."
    )
    status, _ = guarded.get("/v1/customers/c-1", {"Authorization": f"Bearer {token}"})
    assert status in (401, 403, 404)


def test_customers_with_odd_ids_are_found_by_them(api: Api) -> None:
    found = {one: api.get(f"/v1/customers/{quote(one, safe='')}") for one in api.customers}
    assert sum(status == 200 for status, _ in found.values()) > len(found) // 2
    assert all(json.loads(body)["customer_id"] == one for one, (status, body) in found.items() if status == 200)
