"""A stand-in for the API with moving data: what a fake shop tells, at the paths of the real one. For the page alone."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse

from storefront.page import router
from tests.browser.fake_shop import Answer, FakeShop

EXAMPLE = Path(__file__).parents[2] / "examples" / "storefront.html"


def fake_app(shop: FakeShop) -> FastAPI:
    """Return an application with the page and made-up answers."""

    def is_let_in(request: Request) -> None:
        header = request.headers.get("authorization", "").removeprefix("Bearer ")
        given = header or request.query_params.get("access_token")
        if shop.token is not None and request.url.path.startswith("/v1/") and given != shop.token:
            raise HTTPException(401)

    app = FastAPI(openapi_url=None, dependencies=[Depends(is_let_in)])
    app.include_router(router)

    @app.get("/shop")
    def example() -> FileResponse:
        return FileResponse(EXAMPLE)

    @app.get("/v1/program")
    def program() -> Answer:
        return {"program_version": "1.3f9c5d0a71be", "program": {"currency": "USD"}}

    @app.get("/v1/overview")
    def overview() -> Answer:
        return {**shop.overview(), "history": shop.history()}

    @app.get("/v1/overview/events")
    def overview_events(request: Request) -> StreamingResponse:
        return StreamingResponse(_overview_stream(shop), media_type="text/event-stream")

    @app.get("/v1/customers/{customer_id:path}")
    def customer(customer_id: str) -> Response:
        return _customer(shop, customer_id)

    return app


def _customer(shop: FakeShop, path: str) -> Response:
    if path.endswith("/events"):
        return StreamingResponse(_customer_stream(shop, path.removesuffix("/events")), media_type="text/event-stream")
    if path.endswith("/explain"):
        return JSONResponse(shop.explain(path.removesuffix("/explain")))
    if path == "nobody":
        tier = {**_tier(shop), "name": "bronze", "since": None, "expires_at": None}
        return JSONResponse({"status": 404, "customer_id": path, "tier": tier}, 404)
    return JSONResponse(shop.customer(path))


def _tier(shop: FakeShop) -> Answer:
    tier = shop.customer("nobody")["tier"]
    assert isinstance(tier, dict)
    return tier


async def _overview_stream(shop: FakeShop) -> AsyncIterator[str]:
    sent, last = 0, ""
    while True:
        now = json.dumps(shop.overview())
        if now != last:
            yield f"event: overview\ndata: {now}\n\n"
            last = now
        for entry in shop.feed[sent:]:
            yield f"event: feed\nid: {entry['id']}\ndata: {json.dumps(entry)}\n\n"
        sent = len(shop.feed)
        await asyncio.sleep(0.05)


async def _customer_stream(shop: FakeShop, customer_id: str) -> AsyncIterator[str]:
    last = ""
    while True:
        now = json.dumps(shop.customer(customer_id))
        if now != last:
            yield f"event: customer\nid: {shop.spend}\ndata: {now}\n\n"
            last = now
        await asyncio.sleep(0.05)
